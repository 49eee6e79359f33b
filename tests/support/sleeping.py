"""Windows of sleep schedules, as chance makes them."""

from hypothesis import strategies as st

from farmhand.manager.rules.windows import MIDNIGHT, Window

WINDOWS = st.builds(
    Window,
    st.integers(0, MIDNIGHT - 1),
    st.integers(0, MIDNIGHT),
    st.frozensets(st.integers(0, 6), min_size=1),
).filter(lambda window: window.begins != window.ends)
