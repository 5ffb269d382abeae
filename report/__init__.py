"""What people look at: pictures and tables made from solved tracks. Reads results; changes nothing."""
