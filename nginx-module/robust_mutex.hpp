// Mutexes in memory that processes share, which outlive the death of the process that holds them: the kernel hands them
// to the next one together with the news, and what they guard is that one's to put right.
#pragma once

#include <pthread.h>

#include <cerrno>

namespace thumbgate::edge {

enum class Locked {
    clean,
    owner_died,  // held, and what it guards may be half-written: call mark_consistent() when it is not any more
    busy,        // not held: another living process has it
};

inline void init_robust(pthread_mutex_t& mutex) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

inline Locked lock_robust(pthread_mutex_t& mutex) {
    return pthread_mutex_lock(&mutex) == EOWNERDEAD ? Locked::owner_died : Locked::clean;
}

inline Locked try_lock_robust(pthread_mutex_t& mutex) {
    switch (pthread_mutex_trylock(&mutex)) {
        case 0:
            return Locked::clean;
        case EOWNERDEAD:
            return Locked::owner_died;
        default:
            return Locked::busy;
    }
}

inline void mark_consistent(pthread_mutex_t& mutex) {
    pthread_mutex_consistent(&mutex);
}

inline void unlock(pthread_mutex_t& mutex) {
    pthread_mutex_unlock(&mutex);
}

}  // namespace thumbgate::edge
