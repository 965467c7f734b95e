/// Body/Earthquake: where, how deep, how strong.
internal import AlertModel

enum JMAHypocentre {
    /// The first earthquake of the bulletin; nil where it speaks of none (cancels, 震度速報).
    static func read(_ body: XMLElement, isEarlyWarning: Bool) -> Hypocentre? {
        guard let earthquake = body.own("Earthquake") else { return nil }
        var hypocentre = Hypocentre()
        let area = earthquake.own("Hypocenter")?.own("Area")
        hypocentre.name = area?.word("Name")
        hypocentre.code = area?.word("Code")
        hypocentre.origin = earthquake.word("OriginTime")
        if let point = area.flatMap(coordinate) {
            // To a hundred-thousandth of a degree, a metre: what minutes leave behind it is noise.
            hypocentre.latitude = (point.latitude * 1e5).rounded() / 1e5
            hypocentre.longitude = (point.longitude * 1e5).rounded() / 1e5
            // `+0` is ごく浅い.
            hypocentre.depth = point.height.map { $0 == 0 ? 0 : -$0 / 1000 }
        }
        if let magnitude = earthquake.first("Magnitude", in: JMANamespace.basis) {
            let text = magnitude.trimmed
            hypocentre.magnitude = text.flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
            hypocentre.magnitudeText = magnitude["description"].flatMap { $0.isEmpty ? nil : $0 } ?? text
        }
        hypocentre.isAssumed = isEarlyWarning && isAssumed(earthquake, hypocentre)
        return hypocentre
    }

    /// The finer of two notations where both are given (震源位置（度分） of VXSE61).
    private static func coordinate(_ area: XMLElement) -> JMACoordinate? {
        var found: JMACoordinate?
        for element in area.children where element.isNamed("Coordinate") && element.isIn(exactly: JMANamespace.basis) {
            guard let point = element.trimmed.flatMap(JMACoordinate.init) else { continue }
            if element["type"]?.hasSuffix("（度分）") == true { return point }
            found = found ?? point
        }
        return found
    }

    /// 仮定震源要素; also a start at 100 gal, which has no origin time and the same stand-ins M1.0 and 10 km.
    private static func isAssumed(_ earthquake: XMLElement, _ hypocentre: Hypocentre) -> Bool {
        if earthquake.word("Condition") == "仮定震源要素" { return true }
        return earthquake.word("OriginTime") == nil && hypocentre.magnitude == 1 && hypocentre.depth == 10
    }
}
