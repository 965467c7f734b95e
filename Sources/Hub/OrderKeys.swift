/// Orders that bear a key of their sender's, so that one sent again after a lost answer is the same order
/// (draft-ietf-httpapi-idempotency-key-header-07).
///
///     first ──▶ its key is noted ──▶ on its way ──▶ key and alert on disk, in this order ──▶ answered
///     again ──▶ waits for the first ──▶ the same answer; nothing is sent
///
/// The alert's id is made of key and order. A hub that was killed after sending and before its disk knew of anything
/// gives the order sent again the same id, and every far end knows the delivery by it.
internal import AlertModel
internal import ChannelKit
internal import Crypto
package import Desk
internal import FoundationEssentials
internal import Ledger
internal import Synchronization

/// A key as its sender wrote it, with what it stands for.
package struct OrderKey: Sendable, Hashable {
    /// Whose key it is, and which: keys of two operators never meet.
    let name: String
    /// What was asked: the same key may not stand for anything else.
    let fingerprint: String

    /// - Parameter order: the request's path and body, as they came.
    package init(_ key: String, of person: Operator, order: [UInt8]) {
        name = Self.digest(Array("\(person.credential)\n\(key)".utf8))
        fingerprint = Self.digest(order)
    }

    /// The day is there for people who read ids, and because a key may stand for something new after a day. An order
    /// that is sent again across midnight to a hub that was killed in between is told anew.
    func alert(on day: String) -> AlertID {
        AlertID("\(day)-k\(Self.digest(Array((name + fingerprint).utf8)).prefix(16))")
    }

    private static func digest(_ octets: [UInt8]) -> String {
        SHA256.hash(data: octets).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

final class OrderKeys: Sendable {
    /// What is known of a key.
    enum Look {
        /// Nobody is at it: whoever asks does it, under this id, and says how it ended. The order itself is there when
        /// it went out before and its record was lost.
        case yours(AlertID, DeskOrder?)
        case underWay(Commit)
        case done(Pushed)
        /// It was begun; whether it is on disk has to be looked up.
        case unsure(Pushed)
        /// The key stands for another order.
        case another
    }

    private enum Standing {
        case free, underWay(Commit), unsure, done
    }

    /// What the notebook keeps.
    private struct Note: Codable {
        var fingerprint, alert, event, mode, town: String
        var at: Date
    }

    private struct Entry {
        var fingerprint: String
        var at: Date
        var id: AlertID
        var standing: Standing
        var pushed: Pushed?
        /// Kept from the moment it goes out until it is on disk.
        var order: DeskOrder?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// The oldest first.
        var order: [String] = []
    }

    /// Keys kept; a day's orders of a large city, a hundred times over. The oldest goes first.
    static let bound = 10_000
    /// Seconds for which a key stands for its order.
    static let lifetime: TimeInterval = 24 * 3600
    private static let prefix = "order-key/"
    private let notebook: any Notebook
    private let state: Mutex<State>

    init(notebook: any Notebook) {
        self.notebook = notebook
        var state = State()
        let decoder = JSONDecoder()
        for key in notebook.keys(prefix: Self.prefix) {
            guard let octets = notebook.read(key), let note = try? decoder.decode(Note.self, from: Data(octets)),
                let mode = ModeName(rawValue: note.mode)
            else { continue }
            let pushed = Pushed(
                id: AlertID(note.alert), event: EventID(note.event), mode: mode, town: TownID(note.town))
            let name = String(key.split(separator: "/").last ?? "")
            // An older program's keys had no town.
            let own = Self.key(name, note.town)
            if own != key {
                notebook.write(own, octets)
                notebook.write(key, nil)
            }
            state.entries[name] = Entry(
                fingerprint: note.fingerprint, at: note.at, id: pushed.id, standing: .unsure, pushed: pushed)
        }
        state.order = state.entries.sorted { $0.value.at < $1.value.at }.map(\.key)
        self.state = Mutex(state)
    }

    /// Keys of before, whose orders nobody sends again. Returns how many.
    func forget(before border: Date) -> Int {
        state.withLock { state in
            let old = state.entries.filter { $0.value.at < border }.map(\.key)
            for name in old { forget(name, &state) }
            return old.count
        }
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// What was begun or sent under it, and the order itself as long as its record is not on disk; nil where the key stands for nothing any more.
    func begun(_ key: OrderKey, now: Date) -> (id: AlertID, order: DeskOrder?)? {
        state.withLock { state in
            forgetOld(key.name, now, &state)
            guard let entry = state.entries[key.name], entry.fingerprint == key.fingerprint, entry.pushed != nil else { return nil }
            return (entry.id, entry.order)
        }
    }

    /// The same as `look` where something was begun or sent under it and the key still stands for it; nil where it would be a new order.
    /// Asked and answered at once: between two questions a key may come to its end.
    func lookAgain(_ key: OrderKey, now: Date, day: String) -> Look? {
        state.withLock { state in
            forgetOld(key.name, now, &state)
            guard state.entries[key.name]?.fingerprint == key.fingerprint else { return nil }
            return look(key, now, day, &state)
        }
    }

    func look(_ key: OrderKey, now: Date, day: String) -> Look {
        state.withLock { state in
            forgetOld(key.name, now, &state)
            return look(key, now, day, &state)
        }
    }

    private func look(_ key: OrderKey, _ now: Date, _ day: String, _ state: inout State) -> Look {
        guard var entry = state.entries[key.name] else {
            let id = key.alert(on: day)
            state.entries[key.name] = Entry(
                fingerprint: key.fingerprint, at: now, id: id, standing: .underWay(Commit()))
            state.order.append(key.name)
            if state.order.count > Self.bound { forget(state.order[0], &state) }
            return .yours(id, nil)
        }
        guard entry.fingerprint == key.fingerprint else { return .another }
        switch (entry.standing, entry.pushed) {
        case (.underWay(let commit), _): return .underWay(commit)
        case (.done, let pushed?): return .done(pushed)
        case (.unsure, let pushed?): return .unsure(pushed)
        case (.free, _), (.done, nil), (.unsure, nil):
            entry.standing = .underWay(Commit())
            state.entries[key.name] = entry
            return .yours(entry.id, entry.order)
        }
    }

    /// Keys whose day is over, and this one if its is: a clock that was set back leaves them in another order than by age.
    private func forgetOld(_ name: String, _ now: Date, _ state: inout State) {
        while let oldest = state.order.first, let entry = state.entries[oldest], now.timeIntervalSince(entry.at) >= Self.lifetime {
            forget(oldest, &state)
        }
        if let own = state.entries[name], now.timeIntervalSince(own.at) >= Self.lifetime { forget(name, &state) }
    }

    /// It is about to go out. The note lies in the ledger's buffer before the alert does, so that no alert is on disk
    /// whose key is not.
    func begins(_ key: OrderKey, _ order: DeskOrder) {
        let pushed = Pushed(order)
        let at: Date? = state.withLock { state in
            state.entries[key.name]?.pushed = pushed
            state.entries[key.name]?.order = order
            return state.entries[key.name]?.at
        }
        guard let at else { return }
        let note = Note(
            fingerprint: key.fingerprint, alert: pushed.id.text, event: pushed.event.text, mode: pushed.mode.rawValue,
            town: pushed.town?.code ?? "", at: at)
        notebook.write(Self.key(key.name, note.town), (try? JSONEncoder().encode(note)).map { [UInt8]($0) })
    }

    func isDone(_ key: OrderKey) { end(key, .done, nil) }

    /// It is on its way, and its record is not on disk.
    func isUnsure(_ key: OrderKey, _ failure: LedgerFailure) { end(key, .unsure, failure) }

    /// It was looked up, and the disk has never heard of it: the next who asks does it.
    func isMissing(_ key: OrderKey) {
        state.withLock { state in
            guard case .unsure = state.entries[key.name]?.standing else { return }
            state.entries[key.name]?.standing = .free
        }
    }

    /// It was refused and nothing went out: the key is as good as new.
    func isRefused(_ key: OrderKey) {
        let commit: Commit? = state.withLock { state in
            guard case .underWay(let commit) = state.entries[key.name]?.standing else { return nil }
            state.entries[key.name]?.standing = .free
            forget(key.name, &state)
            return commit
        }
        // Whoever waits asks again, and hears for himself why not.
        commit?.fulfil(nil)
    }

    private func end(_ key: OrderKey, _ standing: Standing, _ failure: LedgerFailure?) {
        let commit: Commit? = state.withLock { state in
            let before = state.entries[key.name]?.standing
            state.entries[key.name]?.standing = standing
            if failure == nil { state.entries[key.name]?.order = nil }
            if case .underWay(let commit) = before { return commit }
            return nil
        }
        commit?.fulfil(failure)
    }

    private func forget(_ name: String, _ state: inout State) {
        if case .underWay(let commit) = state.entries[name]?.standing { commit.fulfil(.full) }
        let key = Self.key(name, state.entries[name]?.pushed?.town?.code ?? "")
        state.entries[name] = nil
        if let index = state.order.firstIndex(of: name) { state.order.remove(at: index) }
        if notebook.read(key) != nil { notebook.write(key, nil) }
    }

    /// A town's own, by its key: it moves with its town.
    private static func key(_ name: String, _ town: String) -> String { prefix + (town.isEmpty ? "" : town + "/") + name }
}
