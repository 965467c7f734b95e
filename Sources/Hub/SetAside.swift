/// That a person has set a report, or whatever a device says, aside: nothing of it is thrown away, and it is in nobody's way. What shelters
/// reported in a drill is set aside by whoever erases the drill.
package import AlertModel
internal import ChannelKit
package import Desk
internal import Devices
internal import Foundation
internal import Memories

package struct SetAside: Codable, Sendable {
    private enum Of: String { case report, device }
    package var by, at: String

    private static func prefix(_ of: Of, _ town: TownID) -> String { "report-aside/\(town.code)/\(of.rawValue)/" }

    fileprivate static func of(report id: String, by device: String, of town: TownID, _ notebook: any Notebook) -> SetAside? {
        read(.report, id, town, notebook) ?? read(.device, device, town, notebook)
    }

    fileprivate static func of(device id: String, of town: TownID, _ notebook: any Notebook) -> SetAside? { read(.device, id, town, notebook) }

    private static func read(_ of: Of, _ id: String, _ town: TownID, _ notebook: any Notebook) -> SetAside? {
        notebook.read(prefix(of, town) + id).flatMap { try? JSONDecoder().decode(Self.self, from: Data($0)) }
    }

    fileprivate static func devices(of town: TownID, _ notebook: any Notebook) -> Set<String> {
        let prefix = prefix(.device, town)
        return Set(notebook.keys(prefix: prefix).map { String($0.dropFirst(prefix.count)) })
    }

    /// - Parameter mark: nil: back among the others.
    fileprivate static func keep(_ mark: SetAside?, report id: String, of town: TownID, _ notebook: any Notebook) { write(mark, .report, id, town, notebook) }
    fileprivate static func keep(_ mark: SetAside?, device id: String, of town: TownID, _ notebook: any Notebook) { write(mark, .device, id, town, notebook) }

    private static func write(_ mark: SetAside?, _ of: Of, _ id: String, _ town: TownID, _ notebook: any Notebook) {
        notebook.write(prefix(of, town) + id, mark.flatMap { try? JSONEncoder().encode($0) }.map { [UInt8]($0) })
    }
}

extension Hub {
    /// By whom a report, or all of its device, was set aside; nil: by nobody.
    package func setAside(report id: String, by device: String, in town: TownID) -> SetAside? { SetAside.of(report: id, by: device, of: town, ledger) }

    package func isSetAside(device: String, in town: TownID) -> Bool { SetAside.of(device: device, of: town, ledger) != nil }

    package func devicesSetAside(in town: TownID) -> Set<String> { SetAside.devices(of: town, ledger) }

    /// - Parameters:
    ///   - reports: of these the ones that the town has.
    ///   - isAside: false: back among the others.
    package func setAside(_ reports: [String], device: String?, in town: TownID, isAside: Bool, by person: Operator) async throws {
        let mark = isAside ? SetAside(by: person.name, at: JapanTime.text(clock())) : nil
        for id in reports where try await report(id, of: town) != nil { SetAside.keep(mark, report: id, of: town, ledger) }
        if let device {
            SetAside.keep(mark, device: device, of: town, ledger)
            if isAside { dropOwedCrowding(by: device) }
        }
    }

    /// What shelters reported in a drill is no news of theirs: set aside, as a person does it, where nothing real stood meanwhile.
    func setAsideReports(of drill: Drill, in town: TownID, by person: Operator) async throws {
        guard let begun = drill.begun?.at, let ended = drill.ended?.at, standing(of: town, .actual).rows.isEmpty else { return }
        let mark = SetAside(by: person.name, at: JapanTime.text(clock()))
        for report in try await reports(of: town, limit: 500) where begun <= report.received && report.received <= ended {
            SetAside.keep(mark, report: report.id, of: town, ledger)
        }
    }
}
