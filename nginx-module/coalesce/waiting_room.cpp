#include "nginx-module/coalesce/waiting_room.hpp"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "nginx-module/request_state.hpp"

namespace thumbgate::edge {
namespace {

constexpr ngx_msec_t kSweepMs = 500;

Coalesced& waiter_at(ngx_queue_t* link) {
    return *ngx_queue_data(link, Coalesced, link);
}

ngx_uint_t find_access_phase(const ngx_cycle_t* cycle) {
    const auto* core =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module));
    const ngx_http_phase_handler_t* handlers = core->phase_engine.handlers;
    ngx_uint_t index = 0;
    while (handlers[index].checker != ngx_http_core_access_phase) ++index;  // the link's handler is one
    return index;
}

void tell(int descriptor) noexcept {
    const std::uint64_t one = 1;
    // It fails only where the count is full, and then the worker is told already.
    [[maybe_unused]] const ssize_t written = write(descriptor, &one, sizeof one);
}

}  // namespace

WaitingRoom::WaitingRoom(FlightZone& zone, const ngx_cycle_t* cycle)
    : zone_(zone),
      flights_(zone.flights, [&zone](std::size_t worker) { tell(zone.descriptors[worker]); }),
      access_phase_(find_access_phase(cycle)) {
    ngx_queue_init(&woken_);
}

WaitingRoom::~WaitingRoom() {
    if (sweep_.timer_set != 0) ngx_del_timer(&sweep_);
}

bool WaitingRoom::open(const ngx_cycle_t* cycle) {
    sweep_.handler = on_sweep;
    sweep_.data = this;
    sweep_.log = cycle->log;
    sweep_.cancelable = 1;  // it keeps no worker from ending
    return flights_.attach() && listen(zone_.descriptors[flights_.worker()], cycle->log);
}

bool WaitingRoom::listen(int descriptor, ngx_log_t* log) {
    ngx_connection_t* connection = ngx_get_connection(descriptor, log);
    if (connection == nullptr) return false;
    connection->data = this;
    connection->read->handler = on_wake;
    connection->read->log = log;
    connection->write->log = log;
    // As nginx's own channels: a worker that ends gracefully does not report it as a socket left open.
    connection->read->channel = 1;
    connection->write->channel = 1;
    if (ngx_add_event(connection->read, NGX_READ_EVENT, 0) == NGX_OK) return true;
    ngx_free_connection(connection);
    return false;
}

bool WaitingRoom::admit(Coalesced& waiter) {
    ngx_http_request_t* r = waiter.request;
    ngx_event_t* read = r->connection->read;
    if (read->ready != 0) {
        ngx_post_event(read, &ngx_posted_events);
    } else if (ngx_handle_read_event(read, 0) != NGX_OK) {
        if (!queues_.contains(waiter.ticket)) flights_.leave(waiter.ticket);
        return false;
    }
    const auto [queue, is_new] = queues_.try_emplace(waiter.ticket);
    if (is_new) {
        ngx_queue_init(&queue->second);
    }
    ngx_queue_insert_tail(&queue->second, &waiter.link);
    waiter.stage = Coalesced::Stage::waits;
    waiter.timer.handler = on_timeout;
    waiter.timer.data = &waiter;
    waiter.timer.log = r->connection->log;
    const auto left = static_cast<ngx_msec_int_t>(waiter.deadline - ngx_current_msec);
    ngx_add_timer(&waiter.timer, static_cast<ngx_msec_t>(std::max<ngx_msec_int_t>(left, 1)));
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
    count(1);
    if (sweep_.timer_set == 0) ngx_add_timer(&sweep_, kSweepMs);
    return true;
}

void WaitingRoom::count(std::ptrdiff_t change) noexcept {
    waiting_ += static_cast<std::size_t>(change);
    flights_.set_waiting(waiting_);
}

// Takes the waiter out of whichever queue it is in.
void WaitingRoom::let_go(Coalesced& waiter) {
    if (waiter.timer.timer_set != 0) ngx_del_timer(&waiter.timer);
    ngx_queue_remove(&waiter.link);
    waiter.stage = Coalesced::Stage::none;
    count(-1);
}

void WaitingRoom::dismiss(Coalesced& waiter) noexcept {
    const bool waited = waiter.stage == Coalesced::Stage::waits;
    let_go(waiter);
    if (!waited) return;
    const auto queue = queues_.find(waiter.ticket);
    if (!ngx_queue_empty(&queue->second)) return;
    queues_.erase(queue);
    flights_.leave(waiter.ticket);
}

void WaitingRoom::take_results() {
    std::vector<FlightTicket> ended;
    ended.reserve(queues_.size());
    for (auto& [ticket, queue] : queues_) {
        const std::optional<FetchResult> result = flights_.result(ticket);
        if (!result) continue;
        ended.push_back(ticket);
        for (ngx_queue_t* link = ngx_queue_head(&queue); link != ngx_queue_sentinel(&queue);
             link = ngx_queue_next(link)) {
            waiter_at(link).stage = Coalesced::Stage::woken;
            waiter_at(link).result = result;
        }
        ngx_queue_add(&woken_, &queue);
    }
    for (const FlightTicket& ticket : ended) queues_.erase(ticket);
    // One that goes on may end others (those of its connection): each is looked up when its turn comes.
    while (!ngx_queue_empty(&woken_)) {
        Coalesced& waiter = waiter_at(ngx_queue_head(&woken_));
        let_go(waiter);
        resume(waiter);
    }
}

// As nginx itself takes up a request that waited for a lock of its disk cache.
void WaitingRoom::resume(Coalesced& waiter) const {
    ngx_http_request_t* r = waiter.request;
    ngx_connection_t* connection = r->connection;
    ngx_http_set_log_request(connection->log, r);
    // What was purged or revoked meanwhile is so for this request too.
    if (RequestState* state = existing_request_state(r); state != nullptr) state->cache_key.reset();
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    r->phase_handler = static_cast<ngx_int_t>(access_phase_);
    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(connection);
}

void WaitingRoom::on_wake(ngx_event_t* event) noexcept try {
    auto* connection = static_cast<ngx_connection_t*>(event->data);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(connection->fd, &count, sizeof count);
    static_cast<WaitingRoom*>(connection->data)->take_results();
} catch (...) {
    ngx_log_error(NGX_LOG_ERR, event->log, 0, "no memory to wake requests that wait; it is tried again");
}

void WaitingRoom::on_sweep(ngx_event_t* event) noexcept try {
    auto& room = *static_cast<WaitingRoom*>(event->data);
    room.flights_.reclaim_dead();
    room.take_results();
    if (!room.queues_.empty() && room.sweep_.timer_set == 0) ngx_add_timer(&room.sweep_, kSweepMs);
} catch (...) {
    ngx_log_error(NGX_LOG_ERR, event->log, 0, "no memory to wake requests that wait; it is tried again");
    ngx_add_timer(event, kSweepMs);
}

void WaitingRoom::on_timeout(ngx_event_t* event) noexcept {
    auto& waiter = *static_cast<Coalesced*>(event->data);
    WaitingRoom& room = *waiter.room;
    waiter.timed_out = true;
    room.dismiss(waiter);
    room.resume(waiter);
}

}  // namespace thumbgate::edge
