/// A tablet without a code asks to be let in: it shows a short code of its own, and a person at the desk who has read it there says for which place.
///
///     asks ──▶ shows CODE, and comes again with a secret of its own ──▶ approved for a place ──▶ it comes once more and is registered
///                                                                  └──▶ ten minutes are over: it asks anew
///
/// In memory alone: after a restart tablets ask anew. Nothing is registered before the tablet comes for it. The code opens nothing to who asks; the secret never leaves the
/// tablet, and is kept here as its digest. Who types a wrong code hears the same of every wrong one.
package import AlertModel
internal import ChannelKit
package import FoundationEssentials
internal import Synchronization

package struct DeviceAsk: Sendable, Hashable {
    package struct Place: Sendable, Hashable {
        package var town: TownID
        package var site, by: String
        package var name: String?
        package var use: DeviceUse?
        package var group: String?

        package init(town: TownID, site: String, by: String, name: String? = nil, use: DeviceUse? = nil, group: String? = nil) {
            (self.town, self.site, self.by, self.name, self.use, self.group) = (town, site, by, name, use, group)
        }
    }

    package static let validity: TimeInterval = 10 * 60
    /// Seconds between two looks of a tablet.
    package static let every = 3

    /// As it is shown: `BCD-FGH`.
    package var code: String
    package var name: String
    package var publicKey: String?
    /// From where it asks, and beyond which edge.
    package var address: String
    package var site: String?
    package var asked: Date
    package var place: Place?
    /// What it became: the same answer is given again where it was lost.
    var made: (device: String, token: String)? {
        get { madeDevice.flatMap { device in madeToken.map { (device, $0) } } }
        set { (madeDevice, madeToken) = (newValue?.device, newValue?.token) }
    }
    private var madeDevice, madeToken: String?

    init(code: String, name: String, publicKey: String?, address: String, site: String?, asked: Date) {
        (self.code, self.name, self.publicKey, self.address, self.site, self.asked) = (code, name, publicKey, address, site, asked)
    }

    package var expires: Date { asked.addingTimeInterval(Self.validity) }
}

package enum DeviceAskFailure: Error, Sendable, Equatable {
    /// No such code, or its time is over, or it was approved already: who guesses learns nothing of which.
    case unknown
    case tooMany(TimeInterval)
    case badRequest(String)
}

/// What a tablet hears that comes again.
package enum DeviceAskAnswer: Sendable {
    case waiting
    /// Nobody said yes in time, or the hub was started anew.
    case over
    case place(DeviceAsk.Place, DeviceAsk)
    case made(device: String, token: String)
}

package final class DeviceAsks: Sendable {
    private struct State {
        /// By the digest of their secrets.
        var asks: [String: DeviceAsk] = [:]
        var wrong = WrongCodes()
        var allowance = Allowance(atOnce: DeviceAsks.atOnce, perMinute: DeviceAsks.perMinute)
    }

    /// Of one address: a school's tablets come by one.
    static let atOnce = 60
    static let perMinute = 30
    static let mostOpen = 1_000
    /// Beyond it who asks from one address pushes out the oldest of that address: nobody fills the room of the others.
    static let mostOfOne = 100
    static let length = 6

    private let clock: @Sendable () -> Date
    private let state = Mutex(State())

    package init(clock: @escaping @Sendable () -> Date) { self.clock = clock }

    /// - Returns: what is shown, and the secret by which the tablet comes again.
    package func ask(name: String, publicKey: String?, from address: String, site: String?) throws(DeviceAskFailure) -> (ask: DeviceAsk, secret: String) {
        do throws(EnrolmentFailure) {
            try DeviceRegister.check(name: name)
            try DeviceRegister.check(publicKey: publicKey)
        } catch { throw .badRequest(error.description) }
        let now = clock(), secret = DeviceRegister.randomToken()
        let outcome: Result<DeviceAsk, DeviceAskFailure> = state.withLock { state in
            state.asks = state.asks.filter { $0.value.expires > now }
            if let wait = state.allowance.take(1, of: address, at: now) { return .failure(.tooMany(wait)) }
            let own = state.asks.filter { $0.value.address == address && $0.value.place == nil }
            if own.count >= Self.mostOfOne, let oldest = own.min(by: { $0.value.asked < $1.value.asked })?.key { state.asks[oldest] = nil }
            guard state.asks.count < Self.mostOpen else { return .failure(.tooMany(60)) }
            var random = SystemRandomNumberGenerator(), code = ""
            repeat {
                code = String((0..<Self.length).map { _ in DeviceRegister.alphabet.randomElement(using: &random) ?? "B" })
            } while state.asks.values.contains { $0.code == code }
            let ask = DeviceAsk(code: code, name: name, publicKey: publicKey, address: address, site: site, asked: now)
            state.asks[DeviceRegister.digest(secret)] = ask
            return .success(ask)
        }
        return (try outcome.get(), secret)
    }

    /// What a person sees before saying yes.
    package func look(_ written: String, by person: String) throws(DeviceAskFailure) -> DeviceAsk {
        let now = clock()
        let outcome: Result<DeviceAsk, DeviceAskFailure> = state.withLock { state in
            guard let found = Self.find(written, state.asks, now) else { return .failure(Self.missed(by: person, &state, now)) }
            return .success(found.value)
        }
        return try outcome.get()
    }

    package func approve(_ written: String, for place: DeviceAsk.Place, by person: String) throws(DeviceAskFailure) -> DeviceAsk {
        let now = clock()
        let outcome: Result<DeviceAsk, DeviceAskFailure> = state.withLock { state in
            guard var found = Self.find(written, state.asks, now) else { return .failure(Self.missed(by: person, &state, now)) }
            found.value.place = place
            state.asks[found.key] = found.value
            return .success(found.value)
        }
        return try outcome.get()
    }

    /// The disk did not take that somebody said yes: nobody has.
    package func undo(_ ask: DeviceAsk) {
        state.withLock { state in
            guard let key = state.asks.first(where: { $0.value.code == ask.code })?.key else { return }
            state.asks[key]?.place = nil
        }
    }

    private static func find(_ written: String, _ asks: [String: DeviceAsk], _ now: Date) -> (key: String, value: DeviceAsk)? {
        let code = DeviceRegister.letters(written)
        return asks.first { $0.value.code == code && $0.value.place == nil && $0.value.expires > now }.map { (key: $0.key, value: $0.value) }
    }

    private static func missed(by person: String, _ state: inout State, _ now: Date) -> DeviceAskFailure {
        state.wrong.count(from: person, of: nil, at: now) ? .tooMany(60) : .unknown
    }

    package func answer(to secret: String) -> DeviceAskAnswer {
        let now = clock()
        return state.withLock { state in
            guard let ask = state.asks[DeviceRegister.digest(secret)], ask.expires > now else { return .over }
            if let made = ask.made { return .made(device: made.device, token: made.token) }
            return ask.place.map { .place($0, ask) } ?? .waiting
        }
    }

    /// It is registered. False where another look of the same tablet was quicker.
    package func note(_ device: String, _ token: String, to secret: String) -> Bool {
        state.withLock { state in
            let key = DeviceRegister.digest(secret)
            guard let ask = state.asks[key], ask.made == nil else { return false }
            state.asks[key]?.made = (device, token)
            return true
        }
    }

    package static func spelled(_ code: String) -> String { code.prefix(3) + "-" + code.suffix(3) }
}

extension DeviceRegister {
    /// Registers a tablet for which a person has said yes.
    package func enrol(_ ask: DeviceAsk, for place: DeviceAsk.Place) -> (device: Device, token: String) {
        let token = Self.randomToken()
        let device = Device(
            id: "d-" + Self.randomToken().prefix(12), town: place.town, site: place.site, name: place.name ?? (ask.name.isEmpty ? place.site : ask.name), publicKey: ask.publicKey,
            enrolled: clock(), invitedBy: place.by, tokenDigest: Self.digest(token), use: place.use, group: place.group)
        state.withLock { state in
            state.devices[device.id] = device
            state.byToken[device.tokenDigest] = device.id
            keep(device)
        }
        return (device, token)
    }

    /// One that the disk did not take.
    package func undo(_ device: Device) {
        state.withLock { state in
            state.devices[device.id] = nil
            state.byToken[device.tokenDigest] = nil
            drop(device)
        }
    }
}
