internal import CCurl
internal import ChannelKit

/// Everything that touches libcurl while calls are under way. One thread runs it, and it never leaves that thread.
///
///     inbox ──▶ lane of the origin ──▶ inside libcurl ──▶ done
///                  │    ▲                   ▲   │
///                  ▼    │                   └───┘ what the kernel says of its sockets
///               resolver (its own threads)
///
/// A call waits in its lane for an address and a free place; libcurl sees it only when it can go out at once,
/// because time spent queueing inside libcurl counts against the time to connect.
///
/// The kernel watches the sockets and libcurl is asked of those alone on which something happened: a turn costs the same
/// beside a thousand far ends that hang. Asking all of them at each turn (curl_multi_perform) took two fifths
/// of the hub's processor time beside 200 that hang (perf, 2 cores, 2026-11-29).
final class CurlLoop {
    /// The calls to one origin.
    private struct Lane {
        var waiting: [(exchange: Exchange, address: CallAddress)] = []
        var active = 0
        /// How many may go at once. An `https` origin's first answer tells.
        var places: Int
        var addresses: [String]?
        var needsName: Bool
    }

    private let inbox: CurlInbox
    private let configuration: CurlConfiguration
    private let resolver: Resolver
    private let multi: UnsafeMutableRawPointer
    /// Sockets of libcurl's and the bell of the inbox (epoll), and the bell (eventfd). The loop closes both.
    private let watch, bell: Int32
    /// When libcurl wants to be asked, whatever its sockets do.
    private var timer: ContinuousClock.Instant?

    private var lanes: [String: Lane] = [:]
    private var transfers: [UInt64: Transfer] = [:]
    private var byHandle: [UnsafeMutableRawPointer: UInt64] = [:]
    private var idle: [UnsafeMutableRawPointer] = []
    /// Not later than the first deadline among those that wait.
    private var firstDeadline: ContinuousClock.Instant?

    /// A used handle keeps a few kilobytes; more than this many are seldom needed at once.
    private static let idleLimit = 64
    /// Lanes without calls are forgotten beyond this: they only remember how much the origin takes at once.
    private static let laneLimit = 4096

    init(
        _ inbox: CurlInbox, _ configuration: CurlConfiguration, _ resolver: Resolver, _ multi: UnsafeMutableRawPointer, watch: Int32,
        bell: Int32
    ) {
        (self.watch, self.bell) = (watch, bell)
        self.inbox = inbox
        self.configuration = configuration
        self.resolver = resolver
        self.multi = multi
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerOrigin)
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.idleConnections)
    }

    /// Returns when the inbox is closed, every call answered and libcurl's memory given back.
    func run() {
        listen()
        let events = UnsafeMutableBufferPointer<ccurl_event>.allocate(capacity: Int(Self.eventsAtOnce))
        events.initialize(repeating: ccurl_event())
        defer { events.deallocate() }
        while true {
            let mail = inbox.take()
            if mail.isClosing {
                end(mail)
                return
            }
            for exchange in mail.begun { admit(exchange) }
            for number in mail.cancelled { cancel(number) }
            for (host, addresses) in mail.names { learn(host, addresses) }
            expire()
            ringTimer()
            harvest()
            let count = ccurl_wait(watch, events.baseAddress, Self.eventsAtOnce, pollLimit())
            // None, on a signal less than none, at the most all of them.
            for event in events.prefix(Int(max(0, count))) {
                if event.socket == bell { ccurl_still(bell) } else { ask(event.socket, event.what) }
            }
            harvest()
        }
    }

    private static let eventsAtOnce: Int32 = 64

    /// What libcurl says of its sockets and its clock. It says so inside calls of ours, on this thread.
    private func listen() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_on_socket(multi, { _, socket, what, context, _ in
            guard let context else { return 0 }
            ccurl_watch(Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue().watch, socket, what)
            return 0
        }, me)
        ccurl_multi_on_timer(multi, { _, milliseconds, context in
            guard let context else { return 0 }
            Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
            return 0
        }, me)
        ccurl_watch(watch, bell, CURL_POLL_IN)
    }

    /// - Parameter milliseconds: less than none: there is nothing to wait for.
    private func setTimer(_ milliseconds: Int) { timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds) }

    private func ask(_ socket: Int32, _ what: Int32) {
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, what, &running)
    }

    private func ringTimer() {
        guard let due = timer, due <= .now else { return }
        timer = nil
        // CURL_SOCKET_TIMEOUT, which is CURL_SOCKET_BAD.
        ask(-1, 0)
        guard timer == nil else { return }
        // It says a moment once: asked a little before it, it would say nothing any more.
        var left = -1
        curl_multi_timeout(multi, &left)
        setTimer(left)
    }

    // MARK: In

    private func admit(_ exchange: Exchange) {
        guard !exchange.isCancelled else { return settle(exchange, .failure(.cancelled)) }
        do throws(TransportFailure) {
            try exchange.call.check()
            let address = try CallAddress(exchange.call.url)
            var lane = lanes[address.origin] ?? newLane(to: address)
            lane.waiting.append((exchange, address))
            lanes[address.origin] = lane
            firstDeadline = min(firstDeadline ?? exchange.deadline, exchange.deadline)
            fill(address.origin)
        } catch {
            settle(exchange, .failure(error))
        }
    }

    private func newLane(to address: CallAddress) -> Lane {
        if lanes.count >= Self.laneLimit { lanes = lanes.filter { !$0.value.waiting.isEmpty || $0.value.active > 0 } }
        // Through a proxy it is the proxy that looks up names.
        let isGiven = Resolver.isNumeric(address.host) || configuration.proxy != nil
        // Without TLS there is no HTTP/2 with us (CURL_HTTP_VERSION_2TLS).
        let places = address.scheme == "http" ? configuration.connectionsPerOrigin : configuration.firstCalls
        return Lane(places: places, addresses: configuration.addresses[address.host], needsName: !isGiven)
    }

    /// Sends as many as may go.
    private func fill(_ origin: String) {
        guard var lane = lanes[origin] else { return }
        let now = ContinuousClock.now
        while lane.active < lane.places, let (exchange, address) = lane.waiting.first {
            guard exchange.deadline > now else {
                // The loop goes on only while somebody waits.
                lane.waiting.removeFirst()
                settle(exchange, .failure(.unreachable("送る前に期限が過ぎました (the deadline passed before anything was sent)")))
                continue
            }
            guard let addresses = addresses(for: lane, address.host, now) else { break }
            // The loop goes on only while somebody waits.
            lane.waiting.removeFirst()
            guard exchange.mayLeave() else {
                settle(exchange, .failure(.cancelled))
                continue
            }
            guard let open = Self.open(to: exchange.call, address, addresses) else {
                settle(exchange, .failure(.refused("\(address.host) は内部のネットワークです。呼び出しません (a stranger's address that leads into private networks)")))
                continue
            }
            if start(exchange, address, open, remaining: exchange.deadline - now) { lane.active += 1 }
        }
        lanes[origin] = lane
    }

    /// Where a call may go; nil where a stranger's address leads nowhere but inside. libcurl gets these addresses and asks for no name again.
    private static func open(to call: HTTPCall, _ address: CallAddress, _ addresses: [String]) -> [String]? {
        guard call.isForeign else { return addresses }
        let open = (addresses.isEmpty ? [address.host] : addresses).filter(PublicAddress.isOne)
        return open.isEmpty ? nil : addresses.isEmpty ? [] : open
    }

    /// Empty when libcurl needs none, nil when they are not known yet.
    private func addresses(for lane: Lane, _ host: String, _ now: ContinuousClock.Instant) -> [String]? {
        if !lane.needsName { return [] }
        return lane.addresses ?? resolver.addresses(of: host, now: now)
    }

    private func start(
        _ exchange: Exchange, _ address: CallAddress, _ addresses: [String], remaining: Duration
    ) -> Bool {
        guard let easy = idle.popLast() ?? curl_easy_init() else {
            settle(exchange, .failure(.unreachable("メモリが足りません (out of memory)")))
            return false
        }
        let transfer = Transfer(exchange, to: address, on: easy, headerLimit: configuration.headerLimit)
        transfer.prepare(configuration, addresses: addresses, remaining: remaining)
        let code = curl_multi_add_handle(multi, easy)
        guard code == CURLM_OK else {
            giveBack(easy)
            settle(exchange, .failure(.unreachable(String(cString: curl_multi_strerror(code)))))
            return false
        }
        transfers[exchange.number] = transfer
        byHandle[easy] = exchange.number
        return true
    }

    private func learn(_ host: String, _ addresses: [String]?) {
        for (origin, lane) in lanes where lane.waiting.first?.address.host == host {
            guard addresses == nil else {
                fill(origin)
                continue
            }
            lanes[origin]?.waiting = []
            for (exchange, _) in lane.waiting {
                settle(exchange, .failure(.unreachable("\(host)の住所（IPアドレス）がわかりません (no address known for it)")))
            }
        }
    }

    // MARK: Out

    private func harvest() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                  // Two dictionaries: what they do not have is nil.
                  let number = byHandle[easy], let transfer = transfers[number]
            else { continue }
            let outcome = transfer.outcome(ccurl_message_result(message))
            let timings = transfer.timings()
            configuration.onTimings?(timings)
            if timings.status != 0 {
                lanes[timings.origin]?.places =
                    timings.isMultiplexed ? configuration.streamsPerOrigin : configuration.connectionsPerOrigin
            }
            finish(transfer, outcome)
        }
    }

    private func cancel(_ number: UInt64) {
        if let transfer = transfers[number] { return finish(transfer, .failure(.cancelled)) }
        for (origin, lane) in lanes {
            guard let place = lane.waiting.firstIndex(where: { $0.exchange.number == number }) else { continue }
            lanes[origin]?.waiting.remove(at: place)
            return settle(lane.waiting[place].exchange, .failure(.cancelled))
        }
    }

    /// Those that wait in a lane; libcurl minds its own.
    private func expire() {
        let now = ContinuousClock.now
        guard let first = firstDeadline, first <= now else { return }
        firstDeadline = nil
        for (origin, lane) in lanes {
            let late = lane.waiting.filter { $0.exchange.deadline <= now }
            lanes[origin]?.waiting.removeAll { $0.exchange.deadline <= now }
            for (exchange, _) in late {
                settle(exchange, .failure(.unreachable("送る前に期限が過ぎました (the deadline passed before anything was sent)")))
            }
            for (exchange, _) in lane.waiting where exchange.deadline > now {
                firstDeadline = min(firstDeadline ?? exchange.deadline, exchange.deadline)
            }
        }
    }

    private func finish(_ transfer: Transfer, _ outcome: Exchange.Outcome) {
        curl_multi_remove_handle(multi, transfer.easy)
        transfers[transfer.exchange.number] = nil
        byHandle[transfer.easy] = nil
        giveBack(transfer.easy)
        lanes[transfer.address.origin]?.active -= 1
        settle(transfer.exchange, outcome)
        fill(transfer.address.origin)
    }

    private func settle(_ exchange: Exchange, _ outcome: Exchange.Outcome) {
        inbox.finished(1)
        exchange.finish(outcome)
    }

    /// Reset first: the handle points into a transfer that is about to go.
    private func giveBack(_ easy: UnsafeMutableRawPointer) {
        curl_easy_reset(easy)
        if idle.count < Self.idleLimit { idle.append(easy) } else { curl_easy_cleanup(easy) }
    }

    /// Milliseconds. A minute only bounds what we might have overlooked.
    private func pollLimit() -> Int32 {
        guard let next = [firstDeadline, timer].compactMap(\.self).min() else { return 60_000 }
        let now = ContinuousClock.now
        guard next > now else { return 0 }
        let wait = (next - now).milliseconds + 1
        return Int32(max(0, min(wait, 60_000)))
    }

    private func end(_ mail: CurlInbox.Mail) {
        let late = inbox.leave()
        for exchange in mail.begun + late.begun { settle(exchange, .failure(.cancelled)) }
        for lane in lanes.values {
            for (exchange, _) in lane.waiting { settle(exchange, .failure(.cancelled)) }
        }
        lanes = [:]
        for transfer in transfers.values { finish(transfer, .failure(.cancelled)) }
        for easy in idle { curl_easy_cleanup(easy) }
        idle = []
        curl_multi_cleanup(multi)
        for descriptor in [watch, bell] { ccurl_close(descriptor) }
    }
}
