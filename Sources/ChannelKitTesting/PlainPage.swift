extension String {
    /// A page of a spot without what stands over its words: a title is then one row of letters again, to be looked for.
    package var withoutReadings: String {
        replacing(#/<rp>（<\/rp><rt[^>]*>[^<]*<\/rt><rp>）<\/rp>|<\/?ruby>/#, with: "")
    }
}
