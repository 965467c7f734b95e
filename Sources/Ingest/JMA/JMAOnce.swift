/// What JMA says once, and what would be done otherwise if it were said twice: the reader would have to choose which of the two is meant.
///
///     <Status>通常</Status><Status>訓練</Status>      real, or a drill?      refused by name
///
/// Everything here stands once below its parent in every bulletin known. What is only shown (prose, stations, a second Earthquake) may stand twice.
enum JMAOnce {
    private static let names: [(parent: StaticString, children: [StaticString])] = [
        ("Control", ["Title", "DateTime", "Status", "PublishingOffice", "EditorialOffice"]),
        ("Head", ["Title", "ReportDateTime", "TargetDateTime", "ValidDateTime", "EventID", "InfoType", "Serial", "Headline"]),
        ("Headline", ["Text"]),
        ("Body", ["Tsunami", "Intensity", "EarthquakeInfo", "Comments", "TargetArea"]),
        ("Tsunami", ["Forecast", "Estimation", "Observation"]), ("Intensity", ["Forecast", "Observation"]),
        ("EarthquakeInfo", ["InfoSerial"]), ("InfoSerial", ["Code"]),
        ("Item", ["Category", "MaxHeight", "FirstHeight"]), ("Category", ["Kind", "LastKind"]),
        ("Kind", ["Code", "Name", "Status", "Condition", "LastKind"]), ("LastKind", ["Code", "Name"]),
        ("FirstHeight", ["ArrivalTime", "Condition"]), ("ForecastInt", ["From", "To"]), ("ForecastLgInt", ["From", "To"]),
        ("Area", ["Code", "CodeList", "CityCode", "Category", "ForecastInt", "ForecastLgInt", "Condition", "ArrivalTime", "MaxInt"]),
        ("City", ["Code", "MaxInt", "Condition"]), ("Pref", ["Code"]),
    ]

    /// - Parameter root: its depth is bounded by whoever parsed it.
    static func check(report root: XMLElement) throws(Refusal) {
        let (controls, heads, bodies) = root.children.reduce(into: (0, 0, 0)) { count, child in
            if child.isNamed("Control"), child.sharesNamespace(with: root) { count.0 += 1 }
            if child.isNamed("Head"), child.isIn(exactly: JMANamespace.head) { count.1 += 1 }
            if child.isNamed("Body"), child.isIn(JMANamespace.body) { count.2 += 1 }
        }
        if controls > 1 { throw refusal("Report", "Control") }
        if heads > 1 { throw refusal("Report", "Head") }
        if bodies > 1 { throw refusal("Report", "Body") }
        for part in root.children { try check(part) }
    }

    private static func check(_ element: XMLElement) throws(Refusal) {
        if let own = names.first(where: { element.isNamed($0.parent) })?.children {
            for name in own { try once(name, in: element) }
        }
        // An item of a tsunami forecast is about one stretch of coast; those of the weather have several areas, and all are read.
        if element.isNamed("Item"), element.own("Category") != nil { try once("Area", in: element) }
        for child in element.children { try check(child) }
    }

    private static func once(_ name: StaticString, in parent: XMLElement) throws(Refusal) {
        var isThere = false
        for child in parent.children where child.isNamed(name) && child.sharesNamespace(with: parent) {
            if isThere { throw refusal(parent.name, "\(name)") }
            isThere = true
        }
    }

    private static func refusal(_ parent: String, _ name: String) -> Refusal {
        Refusal("\(parent)/\(name) が二つ以上あり、どれのことか決められません (stands more than once: which one is meant cannot be told)")
    }
}
