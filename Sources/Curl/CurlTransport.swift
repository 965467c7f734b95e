// HTTP to the outside, over libcurl; mail (`MailLine`) and lines of other tongues (`SecureLine`) beside it.
//
//     task ──▶ CurlTransport.send ──▶ inbox ──▶ CurlLoop (one thread, one multi handle) ──▶ far ends
//       ▲                                            │
//       └───────────── continuation ◀────────────────┘
//
// Promises: one answer or one failure per call, not later than its deadline and a little; a cancelled call is off the
// wire when `.cancelled` is thrown; no call waits for another's name server. No redirects, no proxies from the
// environment, TLS 1.2 or newer. A kept connection that turns out dead before the first byte of an answer is replaced,
// and the request sent again, by libcurl itself: calls must be harmless when made twice, as deliveries are, or say `isOnce`.

internal import CCurl
package import ChannelKit
internal import Synchronization

package final class CurlTransport: HTTPTransport {
    private let inbox: CurlInbox
    private let configuration: CurlConfiguration
    private let letters = Atomic(0)
    /// Nil once somebody has waited for it, or will.
    private let thread: Mutex<LoopThread?>

    package convenience init(_ configuration: CurlConfiguration = CurlConfiguration()) throws(CurlSetupError) {
        try self.init(configuration, lookup: Resolver.system)
    }

    init(_ configuration: CurlConfiguration, lookup: @escaping Resolver.Lookup) throws(CurlSetupError) {
        // Our own settings, at the start: a mistake of ours.
        precondition(min(
            configuration.connectionsPerOrigin, configuration.streamsPerOrigin, configuration.firstCalls) > 0)
        guard Self.isReady else {
            throw CurlSetupError(description: "このlibcurlには、TLS、HTTP/2、スレッド安全な初期化のどれかがありません (this libcurl lacks one of them)")
        }
        guard let multi = curl_multi_init() else { throw CurlSetupError(description: "libcurl: メモリが足りません (out of memory)") }
        let (watch, bell) = (ccurl_make_watch(), ccurl_make_bell())
        guard watch >= 0, bell >= 0 else {
            curl_multi_cleanup(multi)
            for descriptor in [watch, bell] { ccurl_close(descriptor) }
            throw CurlSetupError(description: "これ以上ファイルを開けません (no descriptors are left)")
        }
        let number = UInt(bitPattern: multi)
        let inbox = CurlInbox(bell: bell, limit: configuration.callLimit)
        let started = LoopThread.start("curl") {
            defer { inbox.announceEnd() }
            // The first crowd of calls is to wait for none: the system gives it page by page.
            ccurl_keep_memory(Self.keptMemory, Self.keptMemory / 4 * 3)
            guard let multi = UnsafeMutableRawPointer(bitPattern: number) else { return }
            let resolver = Resolver(
                lifetime: configuration.addressLifetime, threads: configuration.resolverThreads, lookup: lookup,
                tell: { host, addresses in inbox.learned(host, addresses) })
            CurlLoop(inbox, configuration, resolver, multi, watch: watch, bell: bell).run()
        }
        guard let started else {
            curl_multi_cleanup(multi)
            for descriptor in [watch, bell] { ccurl_close(descriptor) }
            throw CurlSetupError(description: "これ以上スレッドを作れません (the system gives no more threads)")
        }
        self.inbox = inbox
        self.configuration = configuration
        thread = Mutex(started)
    }

    /// Calls begun and not answered, on the wire or in their origin's lane.
    package var callCount: Int { inbox.callCount }

    /// Without a shutdown the thread is told, and not waited for.
    deinit {
        inbox.close()
        takeThread()?.detach()
    }

    /// So much the allocator keeps for each group of threads (mallopt(3)) instead of giving it back to the system.
    private static let keptMemory = 4 << 20

    /// Once in the process, however many transports there are.
    private static let isReady =
        curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK && ccurl_has_what_we_need() == 1

    /// Gets a piece of a body, on the loop's thread, and must return at once; false ends the call.
    package typealias Reader = @Sendable (UnsafeRawBufferPointer) -> Bool

    package func send(
        _ call: HTTPCall, deadline: ContinuousClock.Instant
    ) async throws(TransportFailure) -> HTTPAnswer {
        try await exchange(call, deadline, nil)
    }

    /// An answer that is read as it comes: a body of status 200 goes to `reader` piece by piece and is kept nowhere.
    /// Returns when the far end has ended it. HTTP/1.1, so that a call that is cancelled takes its connection with it:
    /// on a line that died silently the next one must not be sent down the same connection.
    package func follow(
        _ call: HTTPCall, deadline: ContinuousClock.Instant, reader: @escaping Reader
    ) async throws(TransportFailure) -> HTTPAnswer {
        try await exchange(call, deadline, reader)
    }

    /// Sends a file in the place of the call's body, as fast as the line takes it and never whole in memory. For programs that do nothing else: the disk is
    /// read on the loop's thread. HTTP/1.1, since the other end may answer before it has heard all. Whoever takes less than a kilobyte a second for two minutes is
    /// given up.
    package func upload(_ call: HTTPCall, _ file: FileUpload, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        try await exchange(call, deadline, nil, file)
    }

    package func mail(_ call: MailCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> MailAnswer {
        try call.check()
        let address = try CallAddress(call.url, of: MailCall.schemes)
        guard !Task.isCancelled else { throw .cancelled }
        let exchange = Exchange(number: 0, call: HTTPCall(method: "MAIL", url: call.url), deadline: deadline)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Exchange.Waiter) in
                exchange.wait(waiter)
                guard letters.add(1, ordering: .relaxed).newValue <= MailLine.most else {
                    letters.subtract(1, ordering: .relaxed)
                    return exchange.finish(.failure(.unreachable("送っているメールが多すぎます (too many letters are on their way)")))
                }
                let thread = LoopThread.start("mail") { [configuration] in
                    MailLine.send(call, to: address, configuration, for: exchange)
                    self.letters.subtract(1, ordering: .relaxed)
                }
                if let thread { return thread.detach() }
                letters.subtract(1, ordering: .relaxed)
                exchange.finish(.failure(.unreachable("これ以上スレッドを作れません (the system gives no more threads)")))
            }
        } onCancel: {
            exchange.cancel()
            exchange.finish(.failure(.cancelled))
        }
        let answer = try outcome.get()
        return MailAnswer(status: answer.status, words: answer.text)
    }

    package func line(_ call: LineCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> Int32 {
        guard !Task.isCancelled else { throw .cancelled }
        let limit = min(configuration.connectLimit, deadline - .now)
        guard limit > .zero else { throw .unreachable("\(call.host): 時間がありません (no time left)") }
        do throws(SecureLine.Failure) {
            return try await SecureLine.connect(
                host: call.host, port: call.port, addresses: configuration.addresses[call.host] ?? [],
                tls: call.isSecret ? configuration.tlsByHost[call.host] ?? configuration.tls : nil, limit: limit)
        } catch {
            if Task.isCancelled { throw .cancelled }
            throw error.isDistrust ? .refused(error.words) : .unreachable(error.words)
        }
    }

    private func exchange(
        _ call: HTTPCall, _ deadline: ContinuousClock.Instant, _ reader: Reader?, _ upload: FileUpload? = nil
    ) async throws(TransportFailure) -> HTTPAnswer {
        guard !Task.isCancelled else { throw .cancelled }
        let exchange = Exchange(number: inbox.number(), call: call, deadline: deadline, reader: reader, upload: upload)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Exchange.Waiter) in
                exchange.wait(waiter)
                switch inbox.begin(exchange) {
                case .taken: break
                case .full: exchange.finish(.failure(.unreachable("待っている呼び出しが多すぎます (too many calls are waiting)")))
                case .closed: exchange.finish(.failure(.cancelled))
                }
            }
        } onCancel: {
            exchange.cancel()
            inbox.cancel(exchange.number)
        }
        return try outcome.get()
    }

    /// Ends every call with `.cancelled` and waits for the thread. Calls made later are cancelled at once.
    ///
    /// Look-ups of names that are still under way end by themselves; nobody waits for them.
    package func shutdown() async {
        inbox.close()
        await inbox.ended()
        takeThread()?.join()  // it has nothing left to do but return
    }

    private func takeThread() -> LoopThread? {
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
    }
}
