"""What the notebooks use and nobody grades: data, drawing, training loops, progress."""
