import AlertModel
import AreaMail
import ChannelKit
import Dispatching
import LAlert
import Logging
import MQTT
import Mail
import Post
import Program
import Push
import SchoolTablet
import Speech
import Webhook
import WiFiPortal

/// Every channel of the program: one line each.
enum Channels {
    static let all: [any ChannelEntry] = [
        ChannelPair(AreaMail<Actual>.self, AreaMail<Exercise>.self),
        ChannelPair(WiFiPortal<Actual>.self, WiFiPortal<Exercise>.self),
        ChannelPair(SchoolTablet<Actual>.self, SchoolTablet<Exercise>.self),
        ChannelPair(LAlert<Actual>.self, LAlert<Exercise>.self),
        ChannelPair(Webhook<Actual>.self, Webhook<Exercise>.self),
        ChannelPair(Program<Actual>.self, Program<Exercise>.self),
        ChannelPair(Mail<Actual>.self, Mail<Exercise>.self),
        ChannelPair(MQTT<Actual>.self, MQTT<Exercise>.self),
        ChannelPair(Speech<Actual>.self, Speech<Exercise>.self),
        ChannelPair(Post<Actual>.self, Post<Exercise>.self),
        ChannelPair(Push<Actual>.self, Push<Exercise>.self),
    ]
}

/// One channel, in its two modes.
protocol ChannelEntry: Sendable {
    var manifest: ChannelManifest { get }
    func actual(
        _ setup: ChannelSetup<Actual>, _ observer: any DeliveryObserver, _ logger: Logger
    ) throws(SettingsError) -> ChannelSlot<Actual>
    func exercise(
        _ setup: ChannelSetup<Exercise>, _ observer: any DeliveryObserver, _ logger: Logger
    ) throws(SettingsError) -> ChannelSlot<Exercise>
}

struct ChannelPair<Real: ChannelAdapter<Actual>, Drill: ChannelAdapter<Exercise>>: ChannelEntry {
    init(_ real: Real.Type, _ drill: Drill.Type) {}

    var manifest: ChannelManifest { Real.manifest }

    func actual(
        _ setup: ChannelSetup<Actual>, _ observer: any DeliveryObserver, _ logger: Logger
    ) throws(SettingsError) -> ChannelSlot<Actual> {
        ChannelSlot(try Real(setup), observer: observer, logger: logger)
    }

    func exercise(
        _ setup: ChannelSetup<Exercise>, _ observer: any DeliveryObserver, _ logger: Logger
    ) throws(SettingsError) -> ChannelSlot<Exercise> {
        ChannelSlot(try Drill(setup), observer: observer, logger: logger)
    }
}
