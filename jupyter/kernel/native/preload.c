/* Preloaded into the process that runs cells: its output goes to the launcher, and interrupts are noted.
 *
 * evcxr starts that process with pipes whose text it loses: its threads race with the end of the cell, a byte
 * that is not UTF-8 ends them, and a line without an end hides the marker lines behind it. So standard output
 * and standard error become pipes to the launcher, which takes the text for Jupyter and passes evcxr's marker
 * lines on. Rust and C++ write through `write`, which is replaced here:
 *   - standard error travels in the pipe of standard output, in frames, so both keep their order;
 *   - before the marker that ends a cell, buffered text is flushed;
 *   - after an interrupt, printing fails once, which is a panic: the cell ends and the variables are kept.
 * Programs that a cell starts write to the pipes directly.
 *
 * In every other process (evcxr itself, cargo, rustc) it does nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#define PRELOAD "DYLD_INSERT_LIBRARIES"
#define REPLACES(own, original)                                                                                       \
    __attribute__((used, section("__DATA,__interpose"))) static const void *const own##_pair[] = {own, original};
#define real_write write
#define real_read read
#define real_nanosleep nanosleep
#else
#include <sys/syscall.h>
#define PRELOAD "LD_PRELOAD"
#define REPLACES(own, original)
#define own_write write
#define own_read read
#define own_nanosleep nanosleep
#define real_write(descriptor, text, size) syscall(SYS_write, descriptor, text, size)
#define real_read(descriptor, text, size) syscall(SYS_read, descriptor, text, size)
#define real_nanosleep(time, left) syscall(SYS_nanosleep, time, left)
#endif

#define RUN "LOAD_AND_RUN "
#define COMPLETE "EVCXR_EXECUTION_COMPLETE\n"
#define MARKER "EVCXR_"
#define INPUT "EVCXR_INPUT_REQUEST"
#define FRAME "\x1ehinge2 %zu\n"
#define STARTED "\x1ehinge{\"started\":true}\n"

/* Whether the running cell was interrupted; the crate's loops look at it. Once a loop or a print has noticed,
 * it is 2: what the cell says about its end is printed. */
atomic_int hinge_interrupted;

static int pipe_out = -1; /* the pipe that is the process's standard output */
static dev_t device;      /* of standard error's pipe */
static ino_t inode;
static pthread_t main_thread;
static atomic_int running, asked_for_input;
static void (*flush_rust)(void);
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static void write_all(const char *text, size_t size) {
    while (size) {
        ssize_t written = real_write(pipe_out, text, size);
        if (written < 0 && errno != EINTR)
            return;
        if (written > 0)
            text += written, size -= written;
    }
}

static int contains(const char *text, size_t size, const char *word) {
    for (; size >= strlen(word); text++, size--)
        if (!memcmp(text, word, strlen(word)))
            return 1;
    return 0;
}

static int is_main(void) { return pthread_equal(pthread_self(), main_thread); }

static int is_errors_pipe(int descriptor) {
    struct stat status;
    return descriptor == 2 && !fstat(2, &status) && status.st_ino == inode && status.st_dev == device;
}

static ssize_t end_cell(void) {
    if (flush_rust)
        flush_rust();
    fflush(stdout);
    fflush(stderr);
    running = hinge_interrupted = 0;
    pthread_mutex_lock(&writing);
    write_all(COMPLETE, strlen(COMPLETE));
    pthread_mutex_unlock(&writing);
    return strlen(COMPLETE);
}

ssize_t own_write(int descriptor, const void *text, size_t size) {
    if (pipe_out < 0 || (descriptor != 1 && descriptor != 2))
        return real_write(descriptor, text, size);
    if (descriptor == 1 && size == strlen(COMPLETE) && !memcmp(text, COMPLETE, size))
        return end_cell();
    if (hinge_interrupted == 1 && is_main() && !contains(text, size, MARKER)) {
        hinge_interrupted = 2;
        errno = ECANCELED;
        return -1;
    }
    if (descriptor == 1 && contains(text, size, INPUT))
        asked_for_input = 1;
    ssize_t written = size;
    pthread_mutex_lock(&writing);
    if (is_errors_pipe(descriptor)) {
        char frame[32];
        write_all(frame, snprintf(frame, sizeof frame, FRAME, size));
        write_all(text, size);
    } else {
        written = real_write(descriptor, text, size);
    }
    pthread_mutex_unlock(&writing);
    return written;
}
REPLACES(own_write, write)

/* Standard input is where evcxr sends its commands. A cell that reads it gets a line of Jupyter's input. */
ssize_t own_read(int descriptor, void *text, size_t size) {
    if (pipe_out < 0 || descriptor != 0)
        return real_read(descriptor, text, size);
    if (running && !atomic_exchange(&asked_for_input, 0)) {
        pthread_mutex_lock(&writing);
        write_all(INPUT ":\n", strlen(INPUT ":\n"));
        pthread_mutex_unlock(&writing);
    }
    ssize_t count = real_read(descriptor, text, size);
    if (running && hinge_interrupted) { /* the launcher has sent an empty line */
        errno = ECANCELED;
        return -1;
    }
    /* evcxr may write a line's end apart. */
    if (count > 0 && ((const char *)text)[count - 1] != '\n')
        asked_for_input = 1;
    if (!running && count > (ssize_t)strlen(RUN) && !memcmp(text, RUN, strlen(RUN))) {
        hinge_interrupted = 0;
        running = 1;
        write_all(STARTED, strlen(STARTED));
    }
    return count;
}
REPLACES(own_read, read)

/* An interrupt also ends sleep, so the code behind it gets to where it notices. */
int own_nanosleep(const struct timespec *time, struct timespec *left) {
    if (hinge_interrupted && is_main())
        return 0;
    return real_nanosleep(time, left);
}
REPLACES(own_nanosleep, nanosleep)

#ifndef __APPLE__
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) {
    if (hinge_interrupted && is_main())
        return 0;
    return syscall(SYS_clock_nanosleep, clock, flags, time, left) ? errno : 0;
}
#endif

static void interrupt(int signal) {
    (void)signal;
    hinge_interrupted = 1;
}

/* Sends the descriptors, and as text the process's number. */
static int send_to_launcher(int socket, int *descriptors, size_t size) {
    char number[16];
    struct iovec text = {number, snprintf(number, sizeof number, "%d", getpid())};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * 4)];
    } control;
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control};
    message.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors, size);
    return sendmsg(socket, &message, 0) < 0;
}

static int open_pipe(int *ends) {
    return pipe(ends) || fcntl(ends[0], F_SETFD, FD_CLOEXEC) || fcntl(ends[1], F_SETFD, FD_CLOEXEC);
}

/* What the process starts itself is none of ours. */
static void clear_environment(void) {
    const char *others = strchr(getenv(PRELOAD), ':');
    if (others)
        setenv(PRELOAD, others + 1, 1);
    else
        unsetenv(PRELOAD);
    unsetenv("HINGE_PRELOAD");
    unsetenv("HINGE_CELL_SOCKET");
    unsetenv("HINGE_CELL_LIBRARY");
}

static void load(const char *path) {
    void *library = path ? dlopen(path, RTLD_NOW) : NULL;
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return;
    }
    flush_rust = (void (*)(void))dlsym(library, "hinge_flush");
    void (*start)(void) = (void (*)(void))dlsym(library, "hinge_start");
    if (start)
        start();
}

__attribute__((constructor)) static void start(void) {
    const char *launcher = getenv("HINGE_CELL_SOCKET");
    if (!getenv("EVCXR_IS_RUNTIME") || !launcher || !getenv(PRELOAD))
        return;
    int socket = atoi(launcher), out[2], err[2], alive[2];
    if (open_pipe(out) || open_pipe(err) || open_pipe(alive))
        return;
    /* evcxr's pipe, standard output, standard error, and a pipe that ends with this process. */
    int descriptors[] = {1, out[0], err[0], alive[0]};
    if (send_to_launcher(socket, descriptors, sizeof descriptors))
        return;
#ifdef F_SETPIPE_SZ
    fcntl(out[1], F_SETPIPE_SZ, 1 << 20);
#endif
    dup2(out[1], 1);
    dup2(err[1], 2);
    struct stat status;
    if (!fstat(2, &status))
        device = status.st_dev, inode = status.st_ino;
    close(socket);
    close(out[0]);
    close(err[0]);
    close(alive[0]);
    close(err[1]);
    main_thread = pthread_self();
    pipe_out = out[1];
    setenv("HINGE_LAUNCHER", "1", 1);
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    const char *library = getenv("HINGE_CELL_LIBRARY");
    load(library);
    clear_environment();
}
