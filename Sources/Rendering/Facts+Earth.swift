/// Facts of earthquakes and tsunamis, and of what a cancel takes back.
import AlertModel
import Foundation
import Meanings

extension FactSource {
    /// The cancelled values stay visible: when, what, how strong.
    func addPrevious(_ facts: inout Facts) {
        guard content.message == .cancel, let previous else { return }
        let before = FactSource(
            content: previous.content, town: town, local: previous.local, shelters: [], wording: wording
        ).facts()
        facts.set(.since, before.text(.time))
        for name in [FactName.kind, .kinds, .intensity, .hypocentre] where facts.text(name) == nil {
            facts.set(name, before.text(name))
        }
    }

    func addEarthquake(_ facts: inout Facts) {
        if content.kind == .earthquake { addIntensity(&facts) }
        if let shaking = Shaking(content.kind, local) { add(shaking, &facts) }
        if content.kind == .earthquake { addRemarks(&facts) }
        facts.set(.happened, content.happened.map(wording.time))
        guard let hypocentre = content.hypocentre, !hypocentre.isAssumed else { return }
        // Names of the sea off Japan have no English in the tables at hand; Japanese letters help nobody in a hurry.
        if let name = hypocentre.name { facts.set(.hypocentre, name) }
        // An early warning's first guess of size and depth is not for people: it changes by the second.
        guard content.kind != .eew else { return }
        facts.set(.magnitude, wording.magnitude(hypocentre))
        facts.set(.depth, hypocentre.depth.flatMap(wording.depth))
    }

    /// An early warning's forecast for the town. Said with the clock's time and never with the seconds left: what is read later would be
    /// untrue (decision 36). By the moment it is written it may be there.
    private func add(_ shaking: Shaking, _ facts: inout Facts) {
        if let lower = shaking.lower, let upper = shaking.upper {
            facts.set(.intensity, wording.expected(lower, upper, isOrMore: shaking.isOrMore))
        }
        let classes = EarlyWarning.finest(local).compactMap(\.longPeriod)
        facts.set(.longPeriod, classes.max().flatMap { $0 >= "3" ? $0 : nil })
        guard content.message != .cancel else { return }
        let isPast = shaking.isPast(at: Self.moment(of: content, now: now))
        facts.set(.arrived, flag: isPast)
        facts.set(.imminent, flag: shaking.isPLUM)
        if case .expected(let moment) = shaking.arrival, !isPast { facts.set(.arrival, wording.timeToTheSecond(moment)) }
    }

    /// When words of a shaking are written: now; of a night of the past that is played again, as it was then. No warning is told ten minutes late.
    static func moment(of content: AlertContent, now: Date?) -> Date {
        let then = content.reported ?? content.sent
        guard let now, now.timeIntervalSince(then) < 600 else { return then }
        return now
    }

    /// The town's own where it is given; its district's only where the town is not named. 震度５弱以上未入電 is no observation: a town
    /// that is silent is not told the lower value of another of its stations.
    private func addIntensity(_ facts: inout Facts) {
        let isSilent = { (statement: AreaStatement) in
            [statement.value, statement.status, statement.kindName].contains { $0?.contains("未入電") == true }
        }
        let cities = local.filter { $0.scheme == .jmaCity || $0.scheme == .localGovernment }
        let values = (cities.isEmpty ? local : cities).compactMap(\.value).filter { !$0.contains("未入電") }
        let step = values.compactMap { Intensity.highest(in: $0) }.max()
        let isMissing = cities.contains(where: isSilent) && step.map { $0 < .fiveLower } ?? true
        facts.set(.silent, flag: isMissing)
        if let step, !isMissing { facts.set(.intensity, wording.intensity(step)) }
        let classes = local.compactMap { $0.longPeriod ?? Self.longPeriod(named: $0.kindName) }
        facts.set(.longPeriod, classes.max().flatMap { $0 >= "3" || content.type == "VXSE62" ? $0 : nil })
    }

    /// 長周期地震動階級３ of VXSE62's headline.
    private static func longPeriod(named name: String?) -> String? {
        guard let name, name.hasPrefix("長周期地震動階級"), let digit = name.last else { return nil }
        let plain = Wording.halfWidth(String(digit))
        return ("1"..."4").contains(plain) ? plain : nil
    }

    /// JMA's sentences about a tsunami, in its own words where they are Japanese; of other sentences only what people need.
    private func addRemarks(_ facts: inout Facts) {
        let lines = (content.remarks ?? []).compactMap { remark -> String? in
            guard let known = wording.known("remark", remark.code) else { return nil }
            return wording.isJapanese ? remark.text.map(Self.oneLine) ?? known : known
        }
        facts.set(.remarks, lines.isEmpty ? nil : unique(lines).joined(separator: "\n"))
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined()
    }

    func addTsunami(_ decided: Decided, _ facts: inout Facts) {
        guard content.kind == .tsunami else { return }
        let coasts = decided.inForce.filter { $0.statement.scheme == .jmaTsunami }
        // A town on two coasts is told of the worse one.
        let gravest = coasts.compactMap(\.meaning.gravity).max()
        let warned = coasts.filter { ($0.statement.kindCode != nil && $0.meaning.gravity == gravest) || gravest == nil }.map(\.statement)
        facts.set(.height, warned.compactMap { $0.value.flatMap(wording.tsunamiHeight) }.first)
        let conditions = warned.compactMap(\.status)
        let isThere = conditions.contains { $0.contains("到達") }
        let isImminent = conditions.contains { $0.contains("ただちに") }
        facts.set(.arrived, flag: isThere)
        facts.set(.imminent, flag: isImminent && !isThere)
        if !isThere, !isImminent, let moment = warned.compactMap(\.arrival).compactMap(Self.moment).min() {
            // A wave from the other side of the ocean comes on another day.
            facts.set(.arrival, JapanTime.parts(moment).day == JapanTime.parts(content.sent).day ? wording.time(moment) : wording.dayAndTime(moment))
        }
        // Seen at the coast: without a kind, and no guess from off shore.
        let seen = local.filter { $0.scheme == .jmaTsunami && $0.kindCode == nil && $0.kindName == nil }
        facts.set(.observed, seen.compactMap { $0.value.flatMap(wording.tsunamiHeight) }.first)
    }

    static func moment(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }
}
