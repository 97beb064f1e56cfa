"""How other threads have something done in the loop's."""

import asyncio
import threading

from peers.waker import Waker


def test_calls_of_many_threads_are_made_in_the_loop() -> None:
    """All of them, those of one thread in their order; what one raises is no other's."""
    made: dict[int, list[int]] = {number: [] for number in range(4)}
    raised: list[object] = []
    threads = set()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, facts: raised.append(facts["exception"]))
        waker, ended = Waker(loop), asyncio.Event()

        def call(number: int, at: int) -> None:
            threads.add(threading.get_ident())
            made[number].append(at)
            if sum(map(len, made.values())) == 4_000:
                ended.set()
            if at == 7:
                raise ValueError(number)

        def work(number: int) -> None:
            for at in range(1_000):
                waker(lambda at=at: call(number, at))  # type: ignore[misc]

        workers = [threading.Thread(target=work, args=(number,)) for number in made]
        for one in workers:
            one.start()
        await asyncio.wait_for(ended.wait(), 20)
        for one in workers:
            one.join()

    asyncio.run(run())
    assert all(order == [*range(1_000)] for order in made.values())
    assert threads == {threading.get_ident()}
    assert sorted(map(str, raised)) == ["0", "1", "2", "3"]


def test_a_loop_that_has_ended_is_not_woken() -> None:
    """Whoever is late is not told off."""
    loop = asyncio.new_event_loop()
    loop.close()
    Waker(loop)(lambda: None)
