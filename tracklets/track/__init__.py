"""From pictures or boxes to tracklets: Ultralytics' detectors and trackers behind small doors of our own."""
