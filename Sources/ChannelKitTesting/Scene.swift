internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials

/// One adapter before one far end, and what was found wrong so far. A check uses it from one task.
final class Scene<A: ChannelAdapter> {
    typealias M = A.M

    let suite: ChannelConformance<A>
    let farEnd: any ConformanceFarEnd
    let setup: ChannelSetup<M>
    private(set) var adapter: A
    private(set) var findings: [String] = []
    /// Why a check found nothing to look at.
    var skip: String?

    init(suite: ChannelConformance<A>, farEnd: any ConformanceFarEnd) throws {
        self.suite = suite
        self.farEnd = farEnd
        let directory = suite.directory
            ?? FileManager.default.temporaryDirectory.appending(component: "noroshi-\(UUID().uuidString)")
        setup = Sample.setup(
            settings: suite.channelSettings, transport: suite.transport, stream: suite.stream, wakes: suite.wakes, directory: directory, pages: suite.pages,
            as: M.self)
        try FileManager.default.createDirectory(at: setup.directory, withIntermediateDirectories: true)
        adapter = try A(setup)
    }

    /// A new adapter with the old one's notebook and folder, as after a restart of the hub.
    func restart() throws { adapter = try A(setup) }

    func leave() async {
        await farEnd.stop()
        try? FileManager.default.removeItem(at: setup.directory)  // the adapter may have removed it itself
    }

    func found(_ finding: String) { findings.append(finding) }

    func expect(_ isTrue: Bool, _ otherwise: @autoclosure () -> String) {
        if !isTrue { found(otherwise()) }
    }

    // MARK: Words

    func message(
        _ type: MessageType = .alert, event: String = "sample-1", revision: Int = 1, words: String = "高台へ"
    ) -> Message<M> {
        Sample.message(
            kind: suite.kind, type, event: event, revision: revision, words: words, priority: suite.priority,
            languages: A.manifest.languages, as: M.self)
    }

    func begin(
        _ message: Message<M>, attempt: Int = 1, deadline: Duration? = nil, on executor: (any TaskExecutor)? = nil,
        with settings: [String: String]? = nil
    ) -> Attempt {
        let end = Sample.farEnd(settings ?? farEnd.settings, as: M.self)
        let delivery = Sample.delivery(
            of: message, to: end, channel: A.manifest.name, attempt: attempt,
            deadline: .now + (deadline ?? A.manifest.attemptLimit))
        return Attempt.begin(adapter, message, delivery, on: executor)
    }

    /// One attempt from beginning to end, not longer than its deadline and our patience.
    func deliver(
        _ message: Message<M>, attempt: Int = 1, deadline: Duration? = nil, with settings: [String: String]? = nil
    ) async -> Attempt.Outcome? {
        let limit = (deadline ?? A.manifest.attemptLimit) + suite.grace
        let attempt = begin(message, attempt: attempt, deadline: deadline, with: settings)
        let outcome = await attempt.outcome(within: limit)
        if outcome == nil {
            found("the attempt had not ended \(suite.grace) after its deadline")
            attempt.cancel()
        }
        return outcome
    }

    /// An attempt that has to succeed.
    @discardableResult
    func say(_ message: Message<M>, attempt: Int = 1) async -> Bool {
        switch await deliver(message, attempt: attempt) {
        case .success: return true
        case .failure(let failure): found("\(message.alert.message.rawValue) to a good far end failed: \(failure)")
        case nil: break
        }
        return false
    }

    /// What is over there and not taken back.
    func standing() async -> [HeldMessage] { await farEnd.messagesHeld().filter { !$0.isTakenBack } }

    func standing(with words: String) async -> [HeldMessage] {
        await standing().filter { $0.text?.contains(words) ?? false }
    }

    /// Waits for an attempt to reach the far end, as long as the attempt lasts.
    func arrival(of attempt: Attempt) async -> Bool {
        let seen = Gate()
        let farEnd = self.farEnd
        // Not a child: a far end nobody calls would keep us waiting.
        let waiting = Task.detached {
            await farEnd.arrived()
            seen.open()
        }
        defer { waiting.cancel() }
        return await withCheckedContinuation { (waiter: CheckedContinuation<Bool, Never>) in
            let first = Once(waiter)
            seen.whenOpen { first.resume(true) }
            let limit = suite.grace
            Task.detached {
                _ = await attempt.outcome(within: limit)
                first.resume(false)
            }
        }
    }
}
