"""What detectors call people, and how a user names them."""

import pytest

import reid_solve as rs
from reid_solve.tracklets.track.roles import chosen, is_person, role_of

NAMES = {0: "Ball", 1: "GoalKeeper", 2: "player", 3: "referee"}


def test_roles_keep_goalkeepers_apart() -> None:
    said = {
        "Player": "player", "GOALKEEPER": "goalkeeper", "goal keeper": "goalkeeper",
        "goalkeeper team left": "goalkeeper",
        "player_team_left": "player", "main referee": "referee", "SideReferee": "referee", "sports ball": "ball",
        "football": "ball", "Football Player": "player", "person": None, "tennis racket": None, "goal": None,
    }  # fmt: skip
    assert {name: role_of(name) for name in said} == said
    assert [name for name in said if not is_person(name)] == ["sports ball", "football", "tennis racket", "goal"]


def test_classes_are_chosen_by_name_or_number() -> None:
    names = list(NAMES.items())
    assert chosen(["player", "1", 0], names, "m.pt") == {0, 1, 2}
    with pytest.raises(rs.OptionError, match=r"no class 'keeper' in m.pt; it has: Ball, GoalKeeper, player, referee"):
        chosen(["keeper"], names, "m.pt")
