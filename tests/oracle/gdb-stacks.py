"""Prints every frame of every thread of a stopped process, as gdb sees it.

	gdb -nx -batch -p PID -x tests/oracle/gdb-stacks.py

These are the frames of `thread apply all bt`, past main, by gdb's own interface: so an address is there also where
`bt` leaves it out. One line a frame, innermost first:

	frame TID PC KIND OBJECT NAME

PC is in hexadecimal; KIND is "inline" for a function that the compiler copied into the next frame's, "signal" for
a signal handler's frame, "tail" for a function that gdb infers to have been there before it jumped on to another and
left the stack, else "normal"; OBJECT is the base name of the object file; NAME is `??` where gdb has no symbol.
"""
import gdb

KINDS = {gdb.INLINE_FRAME: "inline", gdb.SIGTRAMP_FRAME: "signal", gdb.TAILCALL_FRAME: "tail"}


def object_name(pc):
    path = gdb.solib_name(pc) or gdb.current_progspace().filename or "?"
    return path.rsplit("/", 1)[-1]


def thread_print(thread):
    thread.switch()
    frame = gdb.newest_frame()
    while frame is not None:
        kind = KINDS.get(frame.type(), "normal")
        print("frame", thread.ptid[1], hex(frame.pc()), kind, object_name(frame.pc()), frame.name() or "??")
        frame = frame.older()


gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
for one in gdb.selected_inferior().threads():
    thread_print(one)
