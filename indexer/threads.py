"""How many threads the libraries compute with: one, for what takes milliseconds."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def on_one_core() -> Iterator[None]:
    """Let torch compute on one core until the block ends.

    Two threads wait for each other after each of hundreds of small steps: on a busy machine the 8 ms of a question's
    vector became 460.
    """
    import torch  # takes seconds

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def numpy_on_one_core() -> None:
    """Let numpy compute on one core from here on.

    Its threads spin for a while after each product, in the way of those that compute next: with two of them the
    verifier took 46 ms for five passages after MaxSim, with one 28.
    """
    threadpool_limits(1, user_api="blas")
