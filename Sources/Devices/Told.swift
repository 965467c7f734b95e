package import AlertModel
package import ChannelKit
package import FoundationEssentials

/// What one device says about one alert.
package struct ToldReceipt: Sendable, Hashable {
    /// The device's own, with the device and a slash in front.
    package var id: String
    package var alert: AlertID
    package var site: String
    package var device: String
    package var reach: Reach
    /// When it happened, computed from the device's elapsed time, and when we heard.
    package var occurred: Date
    package var received: Date

    package init(id: String, alert: AlertID, site: String, device: String, reach: Reach, occurred: Date, received: Date) {
        (self.id, self.alert, self.site, self.device, self.reach) = (id, alert, site, device, reach)
        (self.occurred, self.received) = (occurred, received)
    }
}

/// What a shelter reports back. The body is the shelter's own JSON, at most 16 KB.
package struct ToldReport: Sendable, Hashable {
    package var id: String
    package var site: String
    package var device: String
    package var occurred: Date
    package var received: Date
    package var body: String
    /// The site at whose edge it was handed in, where that is not the device's own.
    package var handedInAt: String?

    package init(id: String, site: String, device: String, occurred: Date, received: Date, body: String, handedInAt: String? = nil) {
        (self.id, self.site, self.device, self.body, self.handedInAt) = (id, site, device, body, handedInAt)
        (self.occurred, self.received) = (occurred, received)
    }
}
