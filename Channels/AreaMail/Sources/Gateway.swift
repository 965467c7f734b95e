import ChannelKit

/// The way to one far end for one attempt: puts a slot on the air, or takes it off.
protocol Gateway: Sendable {
    /// Afterwards the slot's broadcast is on the air and nothing older stands under its identifier. `note` hears of
    /// every step that changes what may be on the air, before or right after it happens. Returns what the far end's
    /// yes means, for the receipt.
    func put(
        _ slot: Slot, _ order: Order, note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure) -> String

    /// Afterwards nothing of ours stands under the slot's identifier. Not being there is success.
    func remove(_ slot: Slot) async throws(DeliveryFailure)
}
