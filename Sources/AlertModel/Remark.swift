/// A sentence that an office appends by number, so that it can be said in other languages.
///
/// Source: JMA AdditionalCommentEarthquake; `0215` この地震による津波の心配はありません。
public struct Remark: Sendable, Codable, Hashable {
    public var code: String
    /// As written; nil where several codes share one text.
    public var text: String?

    public init(code: String, text: String? = nil) {
        self.code = code
        self.text = text
    }
}
