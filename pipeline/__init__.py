"""From a video to identities and an annotated video: stages in order, each kept until what it needs changes."""
