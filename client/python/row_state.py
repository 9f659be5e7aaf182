"""What a checkpoint keeps of TailcastRows, and one state from those of all ranks. Standard library and numpy only."""
from row_sets import RowSet

STATE_FORMAT = "tailcast.rows.v1"


def merge_states(states):
    """One state that knows what all ranks used, for a run with any number of ranks.

    The ranks may have used different numbers of rows; the next run is given what none of them used.
    """
    first, used = states[0], RowSet()
    for field in ("header", "origin", "world_size", "block_rows"):
        if any(state[field] != first[field] for state in states):
            raise ValueError(f"the states differ in {field}")
    ranks = sorted(state["rank"] for state in states)
    if ranks != list(range(first["world_size"])):
        raise ValueError(f"the states are of ranks {ranks}, expected each rank of {first['world_size']} once")
    for state in states:
        used.merge(RowSet(state["used"]))
    return {**first, "rank": 0, "world_size": 1, "used": used.ranges}
