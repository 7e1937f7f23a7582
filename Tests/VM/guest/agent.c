/* The guest's process 1 after start-up: runs what the host asks for and reports it byte for byte.
 *
 * It speaks frames over one virtio-serial port, in both directions:
 *
 *     kind (1 byte)   job (4 bytes, big-endian)   length (4 bytes, big-endian)   payload
 *
 * from the host                                      to the host
 *   R  run; payload: NUL-terminated "key=value"        h  ready; payload: empty, or what went wrong
 *   I  bytes for the job's standard input              o  bytes from its standard output
 *   E  end of the job's standard input                 e  bytes from its standard error
 *   K  signal the job's process group (1 byte)         x  ended: 1 byte 0 = exited, 1 = by signal; 1 byte value
 *   C  set the clock (8 bytes seconds, 8 nanoseconds), reseed the random generator with the rest
 *
 * Keys of R: user, cwd, tty (1: a pseudo terminal), stdin (1: a pipe, else /dev/null), and, repeated,
 * env (NAME=VALUE) and arg. Many jobs may run at the same time.
 *
 * A job ends when its own process ends: children it leaves behind lose its output, not their lives.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/random.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

enum { MAX_JOBS = 64, MAX_WORDS = 512, CHUNK = 32768 };

struct job {
    bool used;
    uint32_t id;
    pid_t pid;
    int in, out, err;
    char *pending; /* input the job has not taken yet */
    size_t pending_length;
    bool input_ended;
    bool terminal;
};

struct request {
    char *user, *cwd;
    bool tty, stdin_pipe;
    char *env[MAX_WORDS], *argv[MAX_WORDS];
    int envc, argc;
};

static struct job jobs[MAX_JOBS];
static int control;

static void die(const char *what)
{
    fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length) {
        ssize_t n = write(fd, at, length);
        if (n < 0 && errno != EINTR)
            die("write to the control port");
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
}

static void read_all(int fd, void *data, size_t length)
{
    char *at = data;
    while (length) {
        ssize_t n = read(fd, at, length);
        if (n < 0 && errno != EINTR)
            die("read from the control port");
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        } else if (n == 0) {
            usleep(1000); /* the host is not connected yet */
        }
    }
}

static void send_frame(char kind, uint32_t id, const void *payload, uint32_t length)
{
    char frame[9 + CHUNK];
    uint32_t net_id = htonl(id), net_length = htonl(length);
    frame[0] = kind;
    memcpy(frame + 1, &net_id, 4);
    memcpy(frame + 5, &net_length, 4);
    memcpy(frame + 9, payload, length);
    write_all(control, frame, 9 + length);
}

static struct job *find_job(uint32_t id)
{
    for (int i = 0; i < MAX_JOBS; i++)
        if (jobs[i].used && jobs[i].id == id)
            return &jobs[i];
    return NULL;
}

static struct job *free_job(void)
{
    for (int i = 0; i < MAX_JOBS; i++)
        if (!jobs[i].used)
            return &jobs[i];
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Sends one read's worth of a job's output; false when nothing is left to read now. */
static bool forward_output(struct job *job, int *fd, char kind)
{
    char buffer[CHUNK];
    ssize_t n = *fd < 0 ? 0 : read(*fd, buffer, sizeof buffer);
    if (n > 0) {
        send_frame(kind, job->id, buffer, (uint32_t)n);
        return true;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(fd); /* end of file; on a terminal that is EIO */
    return false;
}

static void feed_input(struct job *job)
{
    ssize_t n = write(job->in, job->pending, job->pending_length);
    if (n > 0) {
        job->pending_length -= (size_t)n;
        memmove(job->pending, job->pending + n, job->pending_length);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        job->pending_length = 0;
        job->input_ended = true;
    }
    if (job->input_ended && job->pending_length == 0)
        close_fd(&job->in);
}

static void queue_input(struct job *job, const char *data, uint32_t length)
{
    if (job->in < 0)
        return;
    job->pending = realloc(job->pending, job->pending_length + length + 1);
    if (!job->pending)
        die("memory for input");
    memcpy(job->pending + job->pending_length, data, length);
    job->pending_length += length;
    feed_input(job);
}

static void end_input(struct job *job)
{
    if (job->terminal) { /* end of file is a key */
        queue_input(job, "\004", 1);
        return;
    }
    job->input_ended = true;
    if (job->in >= 0)
        feed_input(job);
}

static void finish_job(struct job *job, int status)
{
    while (forward_output(job, &job->out, 'o'))
        ;
    while (forward_output(job, &job->err, 'e'))
        ;
    close_fd(&job->in);
    close_fd(&job->out);
    close_fd(&job->err);
    unsigned char report[2] = {
        WIFSIGNALED(status),
        (unsigned char)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)),
    };
    free(job->pending);
    job->pending = NULL;
    job->used = false;
    send_frame('x', job->id, report, sizeof report);
}

static void reap(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (int i = 0; i < MAX_JOBS; i++)
            if (jobs[i].used && jobs[i].pid == pid)
                finish_job(&jobs[i], status);
}

static void become(const char *user)
{
    struct passwd *entry = getpwnam(user);
    if (!entry || initgroups(user, entry->pw_gid) || setgid(entry->pw_gid) || setuid(entry->pw_uid)) {
        dprintf(2, "agent: cannot become user %s: %s\n", user, entry ? strerror(errno) : "no such user");
        _exit(126);
    }
    setenv("HOME", entry->pw_dir, 1);
    setenv("USER", user, 1);
}

static void exec_request(struct request *request)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (request->user)
        become(request->user);
    if (request->cwd && chdir(request->cwd)) {
        dprintf(2, "agent: cannot enter %s: %s\n", request->cwd, strerror(errno));
        _exit(126);
    }
    for (int i = 0; i < request->envc; i++)
        putenv(request->env[i]);
    execvp(request->argv[0], request->argv);
    dprintf(2, "agent: cannot run %s: %s\n", request->argv[0], strerror(errno));
    _exit(127);
}

static char *value_of(char *word, const char *key)
{
    size_t length = strlen(key);
    return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static void parse_request(struct request *request, char *payload, uint32_t length)
{
    char *end = payload + length, *value;
    for (char *word = payload; word < end; word += strlen(word) + 1) {
        if ((value = value_of(word, "user")))
            request->user = value;
        else if ((value = value_of(word, "cwd")))
            request->cwd = value;
        else if ((value = value_of(word, "tty")))
            request->tty = *value == '1';
        else if ((value = value_of(word, "stdin")))
            request->stdin_pipe = *value == '1';
        else if ((value = value_of(word, "env")) && request->envc < MAX_WORDS)
            request->env[request->envc++] = value;
        else if ((value = value_of(word, "arg")) && request->argc < MAX_WORDS - 1)
            request->argv[request->argc++] = value;
    }
}

static void start_on_terminal(struct job *job, struct request *request)
{
    int master, slave;
    if (openpty(&master, &slave, NULL, NULL, NULL))
        die("openpty");
    fcntl(master, F_SETFD, FD_CLOEXEC);
    fcntl(master, F_SETFL, O_NONBLOCK);
    job->pid = fork();
    if (job->pid == 0) {
        login_tty(slave);
        exec_request(request);
    }
    close(slave);
    job->out = master;
    job->in = fcntl(master, F_DUPFD_CLOEXEC, 0);
    job->err = -1;
    job->terminal = true;
}

static void start_on_pipes(struct job *job, struct request *request)
{
    int in[2] = {-1, -1}, out[2], err[2];
    if (request->stdin_pipe ? pipe2(in, O_CLOEXEC) : (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
        die("standard input");
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
        die("pipe");
    job->pid = fork();
    if (job->pid == 0) {
        setsid();
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        exec_request(request);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    job->in = in[1];
    job->out = out[0];
    job->err = err[0];
    if (job->in >= 0)
        fcntl(job->in, F_SETFL, O_NONBLOCK);
    fcntl(job->out, F_SETFL, O_NONBLOCK);
    fcntl(job->err, F_SETFL, O_NONBLOCK);
}

static void start_job(uint32_t id, char *payload, uint32_t length)
{
    struct request request = {0};
    parse_request(&request, payload, length);
    struct job *job = free_job();
    if (!job || request.argc == 0) {
        const char *message = job ? "agent: nothing to run\n" : "agent: too many jobs at once\n";
        send_frame('e', id, message, (uint32_t)strlen(message));
        send_frame('x', id, "\0\176", 2);
        return;
    }
    *job = (struct job){.used = true, .id = id};
    if (request.tty)
        start_on_terminal(job, &request);
    else
        start_on_pipes(job, &request);
    if (job->pid < 0)
        die("fork");
}

/* A resumed machine believes it is still the moment it was saved, and would repeat its random numbers. */
static const char *refresh(const char *payload, uint32_t length)
{
    if (length < 16)
        return "short clock frame";
    uint64_t moment[2];
    memcpy(moment, payload, sizeof moment);
    struct timespec now = {(time_t)be64toh(moment[0]), (long)be64toh(moment[1])};
    if (clock_settime(CLOCK_REALTIME, &now))
        return "clock_settime failed";

    uint32_t seed_length = length - 16;
    struct rand_pool_info *pool = calloc(1, sizeof *pool + seed_length);
    pool->entropy_count = (int)seed_length * 8;
    pool->buf_size = (int)seed_length;
    memcpy(pool->buf, payload + 16, seed_length);
    int random = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    bool failed = random < 0 || ioctl(random, RNDADDENTROPY, pool) || ioctl(random, RNDRESEEDCRNG);
    close(random);
    free(pool);
    return failed ? "reseeding the random generator failed" : "";
}

static void handle_frame(void)
{
    unsigned char header[9];
    read_all(control, header, sizeof header);
    uint32_t id, length;
    memcpy(&id, header + 1, 4);
    memcpy(&length, header + 5, 4);
    id = ntohl(id);
    length = ntohl(length);
    char *payload = malloc(length + 1);
    if (!payload)
        die("memory for a frame");
    read_all(control, payload, length);
    payload[length] = 0;

    struct job *job = find_job(id);
    if (header[0] == 'R') {
        start_job(id, payload, length);
    } else if (header[0] == 'C') {
        const char *problem = refresh(payload, length);
        send_frame('h', id, problem, (uint32_t)strlen(problem));
    } else if (job && header[0] == 'I') {
        queue_input(job, payload, length);
    } else if (job && header[0] == 'E') {
        end_input(job);
    } else if (job && header[0] == 'K' && length == 1) {
        kill(-job->pid, payload[0]);
    }
    free(payload);
}

static void serve(int signals)
{
    struct pollfd polled[2 + 3 * MAX_JOBS];
    for (;;) {
        int count = 0;
        polled[count++] = (struct pollfd){control, POLLIN, 0};
        polled[count++] = (struct pollfd){signals, POLLIN, 0};
        for (int i = 0; i < MAX_JOBS; i++) {
            struct job *job = &jobs[i];
            polled[count++] = (struct pollfd){job->used ? job->out : -1, POLLIN, 0};
            polled[count++] = (struct pollfd){job->used ? job->err : -1, POLLIN, 0};
            polled[count++] = (struct pollfd){job->used && job->pending_length ? job->in : -1, POLLOUT, 0};
        }
        if (poll(polled, (nfds_t)count, -1) < 0 && errno != EINTR)
            die("poll");
        for (int i = 0; i < MAX_JOBS; i++) {
            struct pollfd *of_job = &polled[2 + 3 * i];
            if (jobs[i].used && of_job[0].revents)
                forward_output(&jobs[i], &jobs[i].out, 'o');
            if (jobs[i].used && of_job[1].revents)
                forward_output(&jobs[i], &jobs[i].err, 'e');
            if (jobs[i].used && of_job[2].revents)
                feed_input(&jobs[i]);
        }
        if (polled[1].revents) {
            struct signalfd_siginfo ignored;
            if (read(signals, &ignored, sizeof ignored) > 0)
                reap();
        }
        if (polled[0].revents & POLLIN)
            handle_frame();
        else if (polled[0].revents & POLLHUP)
            usleep(10000); /* nobody is connected */
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: agent CONTROL-PORT\n");
        return 2;
    }
    control = open(argv[1], O_RDWR | O_CLOEXEC);
    if (control < 0)
        die(argv[1]);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        die("signalfd");
    send_frame('h', 0, "", 0);
    serve(signals);
}
