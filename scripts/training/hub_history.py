"""What a repository's history keeps."""

from huggingface_hub import HfApi

from .hub_output import CHECKPOINT, TRAINED


def forget_checkpoints(api: HfApi, repo_id: str) -> None:
    """Makes one commit of all, where nothing but a run's checkpoints goes with it: with the states of their optimizer
    they take several times the model's storage, which the Hub frees within 36 hours. It can't be undone, so that a
    history with anything else in it, an earlier model for instance, stays as it is."""
    newest, *earlier = [commit.title for commit in api.list_repo_commits(repo_id)]
    first = earlier.pop() if earlier else ""
    ours = newest == TRAINED and first == "initial commit" and all(title.startswith(CHECKPOINT) for title in earlier)
    if ours and earlier:
        api.super_squash_history(repo_id, commit_message=TRAINED)
