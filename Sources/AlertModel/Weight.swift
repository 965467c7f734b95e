/// How heavy its issuer says an alert is, in CAP's three words, as written (CAP 1.2 §3.2.2).
///
/// JMA's bulletins say it by codes and have none; a CAP alert has no codes of ours and says it here.
public struct Weight: Sendable, Codable, Hashable {
    /// Extreme, Severe, Moderate, Minor, Unknown.
    public var severity: String?
    /// Immediate, Expected, Future, Past, Unknown.
    public var urgency: String?
    /// Observed, Likely, Possible, Unlikely, Unknown; Very Likely in CAP 1.0.
    public var certainty: String?

    public init(severity: String?, urgency: String?, certainty: String?) {
        self.severity = severity
        self.urgency = urgency
        self.certainty = certainty
    }
}
