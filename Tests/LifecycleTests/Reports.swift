import AlertModel
import FoundationEssentials

@testable import Lifecycle
import Meanings

let start = Date(timeIntervalSince1970: 1_713_363_299)  // 2024-04-17T14:14:59Z

func at(_ scheme: AreaScheme, _ code: String, kind: String? = nil, name: String? = nil, status: String? = nil, value: String? = nil) -> AreaStatement {
    AreaStatement(scheme: scheme, code: code, name: code, kindCode: kind, kindName: name, status: status, value: value)
}

/// A bulletin as the normaliser hands it on.
func report(
    _ event: String, _ type: String, kind: AlertKind = .eew, serial: Int? = nil, after seconds: Double = 0,
    _ message: MessageType = .alert, _ areas: [AreaStatement] = [], hypocentre: Hypocentre? = nil,
    headline: String? = nil, aliases: [String]? = nil, town: TownID? = nil
) -> AlertContent {
    let sent = start.addingTimeInterval(seconds)
    return AlertContent(
        // Other octets have another id.
        id: AlertID("\(event)-\(type)-\(serial ?? 0)-\(seconds)-\(message)\(headline ?? "")\(aliases?.joined() ?? "")"), event: EventID(event), kind: kind, message: message,
        revision: Revision(
            series: type, serial: serial, sent: sent, isCancel: message == .cancel,
            isCorrection: message == .update && type.hasPrefix("V")),
        type: type, title: "題", headline: headline, sender: "気象庁", sent: sent, reported: sent,
        expires: sent.addingTimeInterval(86_400), areas: areas, hypocentre: hypocentre, town: town, aliases: aliases?.map { EventID($0) })
}

func report(
    _ event: String, _ type: String, kind: AlertKind = .eew, serial: Int? = nil, after seconds: Double = 0,
    _ areas: [AreaStatement], hypocentre: Hypocentre? = nil, headline: String? = nil
) -> AlertContent {
    report(event, type, kind: kind, serial: serial, after: seconds, .alert, areas, hypocentre: hypocentre, headline: headline)
}

/// A town and a targeting of a few lines: warned, or forecast 4 and more, or any code the rules of the kind know.
struct Place {
    let id: TownID
    let codes: Set<String>

    func local(_ content: AlertContent) -> [AreaStatement] { content.areas.filter { codes.contains($0.code) } }

    func priority(_ content: AlertContent) -> Priority? {
        let local = local(content)
        if content.message == .cancel { return .immediate }
        switch content.kind {
        case .eew:
            if local.contains(where: \.isEarthquakeWarning) { return .immediate }
            return local.contains { ($0.value.flatMap(Intensity.highest(in:)) ?? .zero) >= .four } ? .immediate : nil
        case .tsunami: return local.contains { $0.kindCode != nil } ? .urgent : nil
        default: return local.isEmpty ? nil : .routine
        }
    }
}

extension EventStories {
    mutating func tell(_ content: AlertContent, _ place: Place) -> News {
        tell(content, town: place.id, priority: place.priority(content), local: place.local(content), now: content.sent)
    }

    /// The whole way for one town; what it was told, in order.
    mutating func run(_ contents: [AlertContent], for place: Place, source: String = "line") -> [News.Cause] {
        var heard: [News.Cause] = []
        for content in contents {
            for onward in take(content, source: source, now: content.sent).contents {
                if case .tell(let cause, _) = tell(onward, place) { heard.append(cause) }
            }
        }
        return heard
    }
}
