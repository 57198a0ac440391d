import asyncio, time, threading, sys, faulthandler
from live.test_server import Server, _next
from live.world import World, sign_in
def test_x(transactional_db):
    world = World()
    s = Server()
    t = s.open(sign_in(world.mia)); _next(t,"hello")
    s._server.should_exit=True
    for _ in range(4):
        time.sleep(1)
        print("tasks", len(s._server.server_state.tasks), "conns", s._server.server_state.connections, s._thread.is_alive())
    faulthandler.dump_traceback(all_threads=True, file=sys.stderr)
    from live import process
    from tertulia.live import gateway
    print(gateway.application._tasks)
    assert 0
