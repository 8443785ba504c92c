"""One evaluation, one operation or one check without a daemon."""
