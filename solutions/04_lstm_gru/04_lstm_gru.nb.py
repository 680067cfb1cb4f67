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
# # Unit 4 · LSTM and GRU

# %%
# %load_ext autoreload
# %autoreload 1
# %aimport gated
import logging

import gated  # your file: edit it, save it, run the next cell; no restart needed

from autograder import check

logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time

# %% [markdown]
# ## The cell, gate by gate

# %% nbgrader={"grade": true, "grade_id": "test_lstm_step_forward", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_step_forward")

# %% [markdown]
# ## The backward pass on paper

# %% nbgrader={"grade": true, "grade_id": "test_lstm_step_backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_step_backward")

# %% [markdown]
# ## Unrolled

# %% nbgrader={"grade": true, "grade_id": "test_lstm_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_forward")

# %% nbgrader={"grade": true, "grade_id": "test_lstm_backward", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_backward")

# %% [markdown]
# ## What the gates start from

# %% nbgrader={"grade": true, "grade_id": "test_init_lstm", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("init_lstm")

# %% [markdown]
# ## Against torch

# %% nbgrader={"grade": true, "grade_id": "test_to_torch_lstm", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("to_torch_lstm")

# %% [markdown]
# ## The GRU

# %% nbgrader={"grade": true, "grade_id": "test_gru_step_forward", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step_forward")

# %% [markdown]
# ## The GRU, backwards

# %% nbgrader={"grade": true, "grade_id": "test_gru_step_backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step_backward")

# %% nbgrader={"grade": true, "grade_id": "test_gru_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_forward")

# %% nbgrader={"grade": true, "grade_id": "test_gru_backward", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_backward")

# %% [markdown]
# ## The GRU that torch computes

# %% nbgrader={"grade": true, "grade_id": "test_gru_step_reset_after", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step_reset_after")

# %% [markdown]
# ## Which gates does it need?

# %% nbgrader={"grade": true, "grade_id": "test_coupled_step_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("coupled_step_forward")

# %% nbgrader={"grade": true, "grade_id": "test_coupled_step_backward", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("coupled_step_backward")
