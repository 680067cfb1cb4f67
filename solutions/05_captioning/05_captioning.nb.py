# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Unit 5 · Captions for pictures

# %%
# %load_ext autoreload
# %autoreload 1
# %aimport captioning
import logging

import captioning  # your file: edit it, save it, run the next cell; no restart needed

from autograder import check

logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time

# %% [markdown]
# ## A network that has seen digits

# %% [markdown]
# **Exercise 1 (4 points).** Write `image_features` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_image_features", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("image_features")

# %% [markdown]
# ## Three cells, once more

# %% [markdown]
# **Exercise 2 (2 points).** Write `rnn_step` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_rnn_step", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_step")

# %% [markdown]
# **Exercise 3 (4 points).** Write `lstm_step` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_lstm_step", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_step")

# %% [markdown]
# **Exercise 4 (4 points).** Write `gru_step` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_gru_step", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step")

# %% [markdown]
# ## Three doors for a picture

# %% [markdown]
# **Exercise 5 (6 points).** Write `start_state` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_start_state", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("start_state")

# %% [markdown]
# **Exercise 6 (8 points).** Write `next_scores` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_next_scores", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("next_scores")

# %% [markdown]
# **Exercise 7 (8 points).** Write `caption_scores` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_caption_scores", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("caption_scores")

# %% [markdown]
# ## What padding must not do

# %% [markdown]
# **Exercise 8 (6 points).** Write `caption_loss` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_caption_loss", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("caption_loss")

# %% [markdown]
# **Exercise 9 (8 points).** Write `training_step` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_training_step", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("training_step")

# %% [markdown]
# ## Saying it: greedy

# %% [markdown]
# **Exercise 10 (8 points).** Write `greedy` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_greedy", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("greedy")

# %% [markdown]
# ## Saying it: beam search

# %% [markdown]
# **Exercise 11 (12 points).** Write `beam_search` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_beam_search", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("beam_search")

# %% [markdown]
# ## The captioning test

# %% [markdown]
# **Exercise 12 (16 points).** Write `captioning_test` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_captioning_test", "locked": true, "points": 16, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("captioning_test")
