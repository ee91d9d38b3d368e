"""What locks a process up, from inside: after it, the process can compute, and read and write what it has open.

On Linux a seccomp filter lets through the few system calls that this takes. There is no other process to start, no
file, no network, no signal to anybody; threads are allowed. It needs no rights and works in containers. Elsewhere
limits are all there is, and a process can read its user's files."""

import ctypes
import os
import struct
import sys

# Linux, include/uapi/asm/unistd_64.h and include/uapi/asm-generic/unistd.h: read, write, close, fstat, newfstatat,
# lseek, mmap, mprotect, munmap, brk, mremap, madvise, readv, writev, pread64, pwrite64, rt_sigaction,
# rt_sigprocmask, rt_sigreturn, sigaltstack, sched_yield, nanosleep, clock_nanosleep, getpid, gettid, getuid, geteuid,
# getgid, getegid, uname, gettimeofday, getrusage, times, sysinfo, clock_gettime, clock_getres, futex,
# set_robust_list, rseq, getrandom, sched_getaffinity, dup, setitimer, restart_syscall, exit, exit_group;
# on x86-64 also time and alarm.
X86_64 = [
    *(0, 1, 3, 5, 262, 8, 9, 10, 11, 12, 25, 28, 19, 20, 17, 18, 13, 14, 15, 131, 24, 35, 230, 39, 186, 102, 107, 104),
    *(108, 63, 96, 98, 100, 99, 228, 229, 202, 273, 334, 318, 204, 32, 38, 219, 60, 231, 201, 37),
]
ARM64 = [
    *(63, 64, 57, 80, 79, 62, 222, 226, 215, 214, 216, 233, 65, 66, 67, 68, 134, 135, 139, 132, 124, 101, 115, 172),
    *(178, 174, 175, 176, 177, 160, 169, 165, 153, 179, 113, 114, 98, 99, 293, 278, 123, 23, 103, 128, 93, 94),
]
# By machine: its AUDIT_ARCH, its calls, its `clone` and `clone3`.
MACHINES = {
    "x86_64": (0xC000003E, X86_64, 56, 435),
    "aarch64": (0xC00000B7, ARM64, 220, 435),
}


def limit(megabytes: int, seconds: int, output_bytes: int) -> None:
    """For good: of memory, processor time, bytes in a file. Elsewhere than on Linux also: no process, no thread."""
    import resource  # noqa: PLC0415

    limits = [
        (resource.RLIMIT_AS, megabytes * 2**20),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, output_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ]
    if sys.platform != "linux":
        limits.append((resource.RLIMIT_NPROC, 0))
    for which, most in limits:
        try:
            resource.setrlimit(which, (most, most))
        except (ValueError, OSError):
            if sys.platform == "linux":
                raise  # macOS takes no limit of memory


def lock_up() -> None:
    """Raises OSError or KeyError where that is not possible."""
    if sys.platform != "linux":
        return
    audit_arch, calls, clone, clone3 = MACHINES[os.uname().machine]
    allow, deny, missing, kill = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000  # EPERM, ENOSYS
    load, equal, any_bit, answer = 0x20, 0x15, 0x45, 0x06  # of classic BPF
    program = [
        (load, 0, 0, 4),  # another processor's calls have other numbers
        (equal, 1, 0, audit_arch),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),
        (equal, 0, 1, clone3),
        (answer, 0, 0, missing),  # its flags can't be seen; libc then takes `clone`
        (equal, 0, 4, clone),
        (load, 0, 0, 16),
        (any_bit, 0, 1, 0x00010000),  # CLONE_THREAD
        (answer, 0, 0, allow),
        (answer, 0, 0, deny),
        *(line for call in calls for line in ((equal, 0, 1, call), (answer, 0, 0, allow))),
        (answer, 0, 0, deny),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, by_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, by_filter, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp filter")
