"""What a checkpoint keeps of TailcastRows: its check, and one state from those of all ranks. Standard library and
numpy only."""
import base64
import binascii
import re

from row_sets import RowSet

STATE_FORMAT = "tailcast.rows.v1"
END_OF_ROWS = 1 << 63  # the stream contract: rows are below it
MAX_WORLD_SIZE = (1 << 31) - 1  # Shard.shard_count is an int32
# Least and greatest value of each number.
NUMBERS = {"origin": (0, END_OF_ROWS - 1), "rank": (0, MAX_WORLD_SIZE - 1), "world_size": (1, MAX_WORLD_SIZE),
           "block_rows": (1, END_OF_ROWS - 1)}


def check_state(state, name="state"):
    """ValueError that says which field is wrong, if this is no state of TailcastRows."""
    if not isinstance(state, dict):
        raise ValueError(f"{name}: got {type(state).__name__}, expected the dict of TailcastRows.state_dict()")
    if state.get("format") != STATE_FORMAT:
        raise ValueError(f"{name}: format is {state.get('format')!r}, expected {STATE_FORMAT!r}")
    for field in ("address", "header", *NUMBERS, "used"):
        if field not in state:
            raise ValueError(f"{name}: {field} is missing")
    for field, (least, greatest) in NUMBERS.items():
        if not _is_number(state[field], least, greatest):
            raise ValueError(f"{name}: {field} is {state[field]!r}, expected a number in [{least}, {greatest}]")
    if state["rank"] >= state["world_size"]:
        raise ValueError(f"{name}: rank is {state['rank']}, expected less than world_size {state['world_size']}")
    _check_used(state["used"], name)
    _check_stream(state, name)


def _is_number(value, least, greatest):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= greatest


def _check_used(used, name):
    if not isinstance(used, list):
        raise ValueError(f"{name}: used is {used!r}, expected a list of [begin, end]")
    least = 0
    for pair in used:
        if not (isinstance(pair, list) and len(pair) == 2 and _is_number(pair[0], least, END_OF_ROWS)
                and _is_number(pair[1], pair[0] + 1, END_OF_ROWS)):
            raise ValueError(f"{name}: used has {pair!r}, expected [begin, end] with {least} <= begin < end <= 2^63")
        least = pair[1]


def _check_stream(state, name):
    """The header itself is for those who have the stubs."""
    if not isinstance(state["address"], str) or not re.fullmatch("(tc1-[0-9a-f]{64})?", state["address"]):
        raise ValueError(f"{name}: address is {state['address']!r}, expected tc1- and 64 hex digits")
    try:
        header = base64.b64decode(state["header"], validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise ValueError(f"{name}: header is not base64: {error}") from error
    if bool(header) != bool(state["address"]):
        raise ValueError(f"{name}: address is {state['address']!r} with {len(header)} bytes of header, expected both "
                         "or none")
    if state["used"] and not header:
        raise ValueError(f"{name}: header is empty, expected the one of the stream whose rows were used")


def merge_states(states):
    """One state that knows what all ranks used, for a run with any number of ranks.

    The ranks may have used different numbers of rows; the next run is given what none of them used.
    ValueError unless it gets the state of each rank once, all of one run.
    """
    for index, state in enumerate(states):
        check_state(state, f"states[{index}]")
    if not states:
        raise ValueError("states: got none, expected one of each rank")
    first = next((state for state in states if state["address"]), states[0])
    for index, state in enumerate(states):
        for field in ("address", "origin", "world_size", "block_rows"):
            # A rank that has not begun has no address yet.
            if state[field] != first[field] and state[field] != "":
                raise ValueError(f"states[{index}]: {field} is {state[field]!r}, expected {first[field]!r} as in the "
                                 "others: they are not of one run")
    ranks = sorted(state["rank"] for state in states)
    if ranks != list(range(first["world_size"])):
        raise ValueError(f"states: rank is {ranks}, expected each in [0, {first['world_size']}) once")
    used = RowSet()
    for state in states:
        used.merge(RowSet(state["used"]))
    return {**first, "rank": 0, "world_size": 1, "used": used.ranges}
