/// Which event a bulletin belongs to: what makes a later one an update or a cancel of an earlier one.
///
///     jma/eew/20240417231454              VXSE40, 41, 43, 44, 45: one warning in several types
///     jma/earthquake/20240417231454       VXSE51, 53: one earthquake, better known each time
///     jma/tsunami/20110311144640          VTSE41, 51, 52; a second EventID is an alias
///     jma/weather/heavy-rain/320000       level format, by hazard and forecast prefecture: a state, not an event
///     jma/weather/all/320000              VPWW53 and 54, all hazards in one
///     jma/landslide/岡山県土砂災害警戒情報   the EventID as JMA writes it
///     jma/tornado/130000                  no EventID: the prefecture, else the office
///     cap/SENDER/IDENTIFIER               the first message of the chain of references
///     qzss/eew/quake-2022-03-07T13:00:00+09:00
///
/// Drills bear the same EventIDs as real events; theirs begin with `exercise/`, so that nothing that looks only at
/// the name can mix them.
import AlertModel

struct EventNaming {
    let event: EventID
    let aliases: [EventID]?
    /// A CAP message may refer to a thousand others.
    private static let aliasLimit = 100

    init(_ bulletin: Bulletin) {
        var names: [String]
        switch bulletin.format {
        case .jma: names = Self.jma(bulletin)
        case .cap: names = Self.cap(bulletin)
        case .qzss: names = ["qzss/" + Self.qzss(bulletin)]
        }
        if bulletin.status == .exercise { names = names.map { "exercise/\($0)" } }
        // Each of the three gives one name at least, made up where the bulletin has none.
        event = EventID(names[0])
        // As above: there is one name at least.
        let others = names.dropFirst().prefix(Self.aliasLimit).filter { $0 != names[0] }.map { EventID($0) }
        aliases = others.isEmpty ? nil : others
    }
}

// MARK: JMA

extension EventNaming {
    private static func jma(_ bulletin: Bulletin) -> [String] {
        let type = bulletin.type ?? ""
        let family = family(of: type, bulletin)
        if bulletin.identifiers.isEmpty || type.hasPrefix("VPWW") || type.hasPrefix("VPWS") {
            return ["jma/\(family)/\(place(of: bulletin))"]
        }
        // 記録雨 and 防災速報: `JPTE202309081000_202309081019`, the event and after it the report's own time.
        let isReportTimed = type == "VPOA50" || type == "VPBS50"
        return bulletin.identifiers.map { identifier in
            let event = isReportTimed ? identifier.split(separator: "_").first.map(String.init) ?? identifier : identifier
            return "jma/\(family)/\(event)"
        }
    }

    /// Types that speak of one thing share a family; a cancel of one kind of information must not take another's.
    private static func family(of type: String, _ bulletin: Bulletin) -> String {
        for (prefix, family) in families where type.hasPrefix(prefix) { return family }
        if bulletin.kind == .eew || bulletin.kind == .earthquake { return bulletin.kind.rawValue }
        return type.isEmpty ? "\(bulletin.kind.rawValue)/\(bulletin.title)" : "\(bulletin.kind.rawValue)/\(type)"
    }

    /// The first prefix that fits.
    private static let families: [(String, String)] = [
        ("VXSE4", "eew"),
        ("VXSE51", "earthquake"), ("VXSE53", "earthquake"),
        // Hypocentres alone: taking one of them back takes no observed intensity back.
        ("VXSE52", "earthquake-source"), ("VXSE61", "earthquake-source-update"),
        ("VXSE62", "long-period"), ("VXSE60", "earthquake-count"), ("VXSE56", "earthquake-activity"),
        // Warning, information and what is seen off shore: one sea, one card; the warning governs.
        ("VTSE", "tsunami"),
        ("VYSE50", "nankai"), ("VYSE51", "nankai-commentary"), ("VYSE52", "nankai-commentary"),
        ("VYSE60", "subsequent-quake"),
        ("VPWW55", "weather/heavy-rain"), ("VPWW56", "weather/landslide"), ("VPWW57", "weather/storm-surge"),
        ("VPWW58", "weather/storm"), ("VPWW59", "weather/waves"), ("VPWW60", "weather/snow"),
        ("VPWW61", "weather/other"), ("VPWS", "weather/summary"), ("VPWW", "weather/all"), ("VPNO", "weather/special"),
        ("VXWW", "landslide"), ("VXKO", "flood"), ("VXSU", "flood-level"),
        ("VFVO50", "volcano"), ("VFVO51", "volcano-commentary"), ("VFVO52", "volcano-observation"),
        ("VFVO53", "ashfall-regular"), ("VFVO54", "ashfall"), ("VFVO55", "ashfall"),
        ("VFVO56", "eruption"), ("VFVO60", "plume"), ("VFSV", "volcano-sea"), ("VZVO", "volcano-notice"),
        ("VPTI", "typhoon"), ("VPTW", "typhoon-track"), ("VPTA", "typhoon-probability"),
        ("VPHW", "tornado"), ("VPOA", "heavy-rain-record"), ("VPBS", "rapid-report"),
        ("VZSE", "notice"),
    ]

    /// The forecast prefecture (府県予報区) the bulletin speaks for; any office may write in another's place.
    private static func place(of bulletin: Bulletin) -> String {
        let areas = bulletin.areas.lazy.filter { $0.scheme == .jmaForecast && $0.code.utf8.count == 6 }.map(\.code)
        if let first = areas.first {
            guard Self.divided.contains(String(first.prefix(2))) else { return first.prefix(2) + "0000" }
            // 十勝地方 014030 and 奄美地方 460040 look like districts: then the first one named.
            return areas.first { $0.hasSuffix("00") } ?? String(first.prefix(5)) + "0"
        }
        if let city = bulletin.areas.first(where: { $0.scheme == .jmaCity }) { return city.code.prefix(2) + "0000" }
        let office = bulletin.editor ?? bulletin.sender
        return office.isEmpty ? "-" : office
    }

    /// 北海道, 鹿児島県 and 沖縄県 are several forecast prefectures (AreaForecastLocalM, 2026-07).
    private static let divided: Set<String> = ["01", "46", "47"]
}

// MARK: CAP and QZSS

extension EventNaming {
    /// The root of the chain, then what this message is called itself and whom it refers to: an update of an update
    /// refers to its predecessor only, and is found by that name.
    private static func cap(_ bulletin: Bulletin) -> [String] {
        let own = "cap/\(bulletin.sender)/\(bulletin.identifiers.first ?? "")"
        let references = bulletin.references.sorted { left, right in
            (Timestamp(left.sent)?.seconds ?? 0) < (Timestamp(right.sent)?.seconds ?? 0)
        }
        let named = references.map { "cap/\($0.sender)/\($0.identifier)" }
        let names = (named.first.map { [$0] } ?? []) + [own] + named.dropFirst()
        // Who wrote BOUSAI@ in the warning and bousai@ in its cancel means the same.
        return names + names.map { $0.lowercased() }.filter { !names.contains($0) }
    }

    /// A sentence names at most a few areas and its event by them; where it tells the earthquake's time, by that.
    private static func qzss(_ bulletin: Bulletin) -> String {
        let kind = bulletin.kind.rawValue
        if let event = bulletin.event { return "\(kind)/" + (event.hasPrefix("qzss-") ? String(event.dropFirst(5)) : event) }
        let areas = Set(bulletin.areas.map(\.code)).sorted().joined(separator: "+")
        return "\(kind)/" + (areas.isEmpty ? bulletin.identifiers.first ?? "-" : areas)
    }
}
