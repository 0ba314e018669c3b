// Messages with descriptors over a SOCK_SEQPACKET socket: one message is one plain struct, whole or not at all.
// Thread-safe as far as the socket is; errno says why something failed. `flags`: MSG_DONTWAIT, or none.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

#include "backend/unique_fd.hpp"

namespace thumbgate {

inline constexpr std::size_t kMaxDescriptors = 4;  // that one message may carry

// False when the other end is gone, or cannot take a message now. Never raises SIGPIPE.
inline bool send_message(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors = {},
                         int flags = 0) {
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> control{};
    iovec data{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        if (descriptors.size() > kMaxDescriptors) return errno = EINVAL, false;
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = -1;
    do {
        sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(bytes.size());
}

struct Received {
    ssize_t size = -1;  // of the message; 0: the other end is gone; -1: see errno; also -1 when it was cut (EMSGSIZE)
    std::array<UniqueFd, kMaxDescriptors> descriptors;

    explicit operator bool() const { return size > 0; }
    std::size_t descriptor_count() const {
        return static_cast<std::size_t>(std::ranges::count_if(descriptors, &UniqueFd::operator bool));
    }
};

// Takes the next message, which must fit into `bytes`, with at most kMaxDescriptors descriptors.
inline Received receive_message(int socket, std::span<std::byte> bytes, int flags = 0) {
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> control{};
    iovec data{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    // The space is rounded up, and would hold one more than there is a place for.
    message.msg_controllen = CMSG_LEN(sizeof(int) * kMaxDescriptors);
    Received received;
    do {
        received.size = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    } while (received.size < 0 && errno == EINTR);
    if (received.size < 0) return received;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        std::array<int, kMaxDescriptors> numbers{};
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        std::memcpy(numbers.data(), CMSG_DATA(header), count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i) received.descriptors.at(i).reset(numbers.at(i));
    }
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        received.size = -1;
        errno = EMSGSIZE;
    }
    return received;
}

// The bytes of a message struct, to send or to receive into.
template <typename Message>
std::span<const std::byte> bytes_of(const Message& message) {
    return std::as_bytes(std::span(&message, 1));
}
template <typename Message>
std::span<std::byte> writable_bytes_of(Message& message) {
    return std::as_writable_bytes(std::span(&message, 1));
}

// A message of zeros and defaults, with nothing of this process's memory between its fields.
template <typename Message>
Message blank_message() {
    Message message;
    std::memset(static_cast<void*>(&message), 0, sizeof message);
    if constexpr (requires { message.set_defaults(); }) message.set_defaults();
    return message;
}

}  // namespace thumbgate
