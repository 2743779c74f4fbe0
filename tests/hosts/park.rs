// park.rs - as park.c, for what Rust's std waits in: a thread in each, one function each, and what a report
// should say of it. The lines of its output are those of park.c. Built by tests/runs/seen.t where rustc is
// installed.
//
//	park-rust		parks all, prints what is expected, then "ready"
//	park-rust --list	the names of all

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{mpsc, Barrier, Condvar, Mutex, Once, RwLock};
use std::thread;
use std::time::Duration;

const FAR: Duration = Duration::from_secs(86400);

static MUTEX: Mutex<()> = Mutex::new(());
static GUARDED: Mutex<()> = Mutex::new(());
static RWLOCK: RwLock<()> = RwLock::new(());
static CONDVAR: Condvar = Condvar::new();
static ONCE: Once = Once::new();

struct Spot {
    name: &'static str,
    wait: &'static str,
    timed: bool,
    object: &'static str,
    park: fn(),
}

const MEMORY: &str = "0x[0-9a-f]+";

const SPOTS: &[Spot] = &[
    Spot { name: "rs_mutex", wait: "futex", timed: false, object: MEMORY, park: park_rs_mutex },
    Spot { name: "rs_read", wait: "futex", timed: false, object: MEMORY, park: park_rs_read },
    Spot { name: "rs_write", wait: "futex", timed: false, object: MEMORY, park: park_rs_write },
    Spot { name: "rs_condvar", wait: "futex", timed: false, object: MEMORY, park: park_rs_condvar },
    Spot { name: "rs_condvar_for", wait: "futex", timed: true, object: MEMORY, park: park_rs_condvar_for },
    Spot { name: "rs_park", wait: "futex", timed: false, object: MEMORY, park: park_rs_park },
    Spot { name: "rs_park_for", wait: "futex", timed: true, object: MEMORY, park: park_rs_park_for },
    Spot { name: "rs_barrier", wait: "futex", timed: false, object: MEMORY, park: park_rs_barrier },
    Spot { name: "rs_channel", wait: "futex", timed: false, object: MEMORY, park: park_rs_channel },
    Spot { name: "rs_once", wait: "futex", timed: false, object: MEMORY, park: park_rs_once },
    Spot { name: "rs_join", wait: "join", timed: false, object: "thread:[1-9][0-9]*", park: park_rs_join },
    Spot { name: "rs_sleep", wait: "nanosleep", timed: true, object: "-", park: park_rs_sleep },
    Spot { name: "rs_socket", wait: "(read|recv)", timed: false, object: "fd:[0-9]+", park: park_rs_socket },
];

fn forever() -> ! {
    loop {
        thread::park();
    }
}

#[inline(never)]
fn park_rs_mutex() {
    drop(MUTEX.lock());
}

#[inline(never)]
fn park_rs_read() {
    drop(RWLOCK.read());
}

#[inline(never)]
fn park_rs_write() {
    drop(RWLOCK.write());
}

#[inline(never)]
fn park_rs_condvar() {
    drop(CONDVAR.wait(GUARDED.lock().unwrap()));
}

#[inline(never)]
fn park_rs_condvar_for() {
    drop(CONDVAR.wait_timeout(GUARDED.lock().unwrap(), FAR));
}

#[inline(never)]
fn park_rs_park() {
    forever();
}

#[inline(never)]
fn park_rs_park_for() {
    loop {
        thread::park_timeout(FAR);
    }
}

#[inline(never)]
fn park_rs_barrier() {
    Barrier::new(2).wait();
}

#[inline(never)]
fn park_rs_channel() {
    let (sender, receiver) = mpsc::channel::<u8>();
    let _ = receiver.recv();
    drop(sender);
}

#[inline(never)]
fn park_rs_once() {
    let (sender, receiver) = mpsc::channel::<()>();
    thread::spawn(move || {
        ONCE.call_once(|| {
            sender.send(()).unwrap();
            forever()
        })
    });
    receiver.recv().unwrap();
    ONCE.call_once(|| forever());
}

#[inline(never)]
fn park_rs_join() {
    let _ = thread::spawn(|| forever()).join();
}

#[inline(never)]
fn park_rs_sleep() {
    loop {
        thread::sleep(FAR);
    }
}

#[inline(never)]
fn park_rs_socket() {
    let (mut one, other) = UnixStream::pair().unwrap();
    let _ = one.read(&mut [0u8]);
    drop(other);
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--list") {
        for spot in SPOTS {
            println!("{}", spot.name);
        }
        return;
    }
    let _held = (MUTEX.lock(), RWLOCK.write());
    for spot in SPOTS {
        let builder = thread::Builder::new().name(spot.name.to_string());
        builder.spawn(spot.park).unwrap();
        let timed = if spot.timed { 1 } else { 0 };
        println!("{}\t{}\t{}\t{}\tpark_{}\t-", spot.name, spot.wait, timed, spot.object, spot.name);
    }
    println!("ready");
    std::io::stdout().flush().unwrap();
    forever();
}
