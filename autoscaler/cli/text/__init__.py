"""What people read: values in words, and tables."""
