/// A test by which tablets say that they are heard: a notice of a drill, written beforehand (`Schedules`) or sent by hand, and who said that it sounded.
package import AlertModel
internal import ChannelKit
internal import Devices
package import FoundationEssentials
internal import Ledger

package struct TabletTest: Sendable, Hashable {
    /// How far it came at a device.
    package enum State: String, Sendable, Hashable {
        /// Somebody said there that it was heard; of a pupil's own it is enough that it was on the screen.
        case sounded
        case shown, reached
        /// No word of it.
        case silent
    }
    package struct Missing: Sendable, Hashable {
        package var device, name: String
        package var state: State
        /// It said of itself that it makes no sound.
        package var isMute: Bool
    }
    package struct Place: Sendable, Hashable {
        package var site, name: String
        package var devices, sounded: Int
        /// Those that did not, by name.
        package var missing: [Missing]
    }

    package var notice, alert: String
    package var told: Date
    /// Places with devices, those without a sound first.
    package var places: [Place]

    package var devices: Int { places.reduce(0) { $0 + $1.devices } }
    package var sounded: Int { places.reduce(0) { $0 + $1.sounded } }

    // MARK: when

    /// Seconds for which it stands on the screens.
    package static let lasts: TimeInterval = 3600
    /// Hours of Japan's day within which a test may sound.
    package static let hours = 7..<21
    package static let hoursRule = "試験は朝7時から夜9時までの時刻にしてください (a test sounds between 7:00 and 21:00)"

    package static func isByDay(_ date: Date) -> Bool { hours.contains(JapanTime.parts(date).hour) }

    // MARK: what became of it

    /// - Parameter reached: the furthest that each device said of it.
    static func places(_ devices: [Device], _ reached: [String: Reach], isMute: (String) -> Bool, name: (String) -> String) -> [Place] {
        Dictionary(grouping: devices.filter { !$0.isEdge && $0.revoked == nil }, by: \.site).map { site, own in
            let missing = own.compactMap { device -> Missing? in
                let state = state(reached[device.id], of: device)
                return state == .sounded ? nil : Missing(device: device.id, name: device.name, state: state, isMute: isMute(device.id))
            }
            return Place(
                site: site, name: name(site), devices: own.count, sounded: own.count - missing.count, missing: missing.sorted { ($0.name, $0.device) < ($1.name, $1.device) })
        }.sorted { (-$0.missing.count, $0.name, $0.site) < (-$1.missing.count, $1.name, $1.site) }
    }

    private static func state(_ reach: Reach?, of device: Device) -> State {
        switch reach {
        case .touched: .sounded
        case .shown: device.use == .pupil ? .sounded : .shown
        case .reached: .reached
        case .accepted, nil: .silent
        }
    }
}

extension Hub {
    /// What became of the last time of each test of a town, the newest first.
    package func tabletTests(in town: Town) async throws -> [TabletTest] {
        let told = scheduled(in: town.id).compactMap { notice in
            notice.test == true ? notice.told.flatMap { told in notice.alert.map { (id: notice.id, alert: $0, told: told) } } : nil
        }
        guard !told.isEmpty else { return [] }
        let devices = devices.devices(of: town.id), names = Dictionary(town.endpoints.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        var tests: [TabletTest] = []
        for one in told {
            let receipts = try await ledger.town(town.id).receipts(of: AlertID(one.alert))
            let reached = Dictionary(receipts.map { ($0.device, $0.reach) }, uniquingKeysWith: { max($0, $1) })
            tests.append(TabletTest(
                notice: one.id, alert: one.alert, told: one.told,
                places: TabletTest.places(devices, reached, isMute: { self.devices.signs(of: $0)?.last.isMute == true }, name: { names[$0] ?? $0 })))
        }
        return tests.sorted { $0.told > $1.told }
    }
}
