"""One evaluation, one scaling or one check without a daemon."""
