/* The least that a supervisor can do: floor COUNT PROGRAM ARGUMENT… keeps so many of it running until SIGTERM. */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t stopping;

static void stop(int number) { stopping = number; }

int main(int argc, char **argv) {
    int count = argc > 2 ? atoi(argv[1]) : 0;
    pid_t *children = calloc(count, sizeof *children);
    struct sigaction action = {.sa_handler = stop};
    posix_spawnattr_t attributes;
    sigaction(SIGTERM, &action, NULL);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    for (int i = 0; i < count; i++) posix_spawn(&children[i], argv[2], NULL, &attributes, argv + 2, environ);
    while (!stopping) {
        pid_t ended = waitpid(-1, NULL, 0);
        for (int i = 0; i < count && ended > 0 && !stopping; i++)
            if (children[i] == ended) posix_spawn(&children[i], argv[2], NULL, &attributes, argv + 2, environ);
    }
    for (int i = 0; i < count; i++) kill(children[i], SIGTERM);
    while (waitpid(-1, NULL, 0) > 0) {}
    return 0;
}
