internal import AlertModel
internal import Dispatching
internal import FoundationEssentials

/// Before the first warning one is gone through for some of the hub's towns, and shown to nobody.
///
/// What a process does for the first time takes longer: types are looked up, tables made, pages of memory asked for. It stops where an alert
/// would be recorded and offered, and it is a drill's: nothing of it can come to a queue, a channel or the record.
extension Hub {
    /// Towns enough for every channel that a hub has, on a hub of a whole country too.
    private static var audience: Int { 8 }

    @discardableResult
    package func rehearse() -> Int {
        let now = clock()
        let towns = Array(towns.all.lazy.filter { !$0.endpoints.isEmpty }.prefix(Self.audience))
        let areas = towns.flatMap { town in
            [AreaScheme.jmaSeismic, .jmaCity].flatMap { scheme in
                (town.areas[scheme] ?? []).sorted().map { code in
                    AreaStatement(scheme: scheme, code: code, name: town.name, kindCode: "31", kindName: "緊急地震速報（警報）", value: "5+")
                }
            }
        }
        let content = AlertContent(
            id: AlertID("rehearsal"), event: EventID("rehearsal"), kind: .eew, message: .alert,
            revision: Revision(series: "rehearsal", serial: 1, sent: now), type: "VXSE43", title: "緊急地震速報（警報）",
            headline: "緊急地震速報", sender: "気象庁", sent: now, expires: now.addingTimeInterval(60), areas: areas)
        return exercise.rehearse(Alert(content), towns: Self.audience)
    }
}
