/// What a dax device is configured as besides its memory: the one list of its attributes, for all that compare or describe such devices.
///
/// A ``DeviceLayout`` is a device that is to be, or one of which all is known; a ``DaxRegion/Device`` is one as it was observed. Each gives
/// one. Who compares says which attributes count.
package struct DaxDeviceConfiguration: Equatable, Sendable {
    /// What addresses and lengths of its mappings into processes are multiples of; nil where that is not known.
    package var align: ByteCount?
    /// What it is used as, in words.
    package var use: String
    /// Whose its node is, and who may open it.
    package var rights: DeviceRights

    /// The attributes, in the order of reports.
    package enum Attribute: CaseIterable, Sendable {
        case align
        case use
        case rights

        /// The attribute in messages.
        package var words: String {
            switch self {
            case .align: "align"
            case .use: "device"
            case .rights: "rights"
            }
        }
    }

    /// The value of an attribute; nil where it has none.
    package subscript(_ attribute: Attribute) -> FactValue? {
        switch attribute {
        case .align: align.map { .size($0) }
        case .use: .word(use)
        case .rights: .word(rights.text)
        }
    }

    /// The attributes that have another value in `other`.
    package func differences(
        to other: DaxDeviceConfiguration, in attributes: [Attribute] = Attribute.allCases
    ) -> [(attribute: Attribute, from: FactValue?, to: FactValue?)] {
        attributes.compactMap { attribute in
            let (old, new) = (self[attribute], other[attribute])
            return old == new ? nil : (attribute, old, new)
        }
    }

    /// Why a device becomes `other`, each in a phrase.
    package func reasons(toBecome other: DaxDeviceConfiguration) -> [String] {
        differences(to: other).map { attribute, old, new in
            switch attribute {
            case .align, .use:
                "\(attribute.words) \(old?.description ?? "unknown") becomes \(new?.description ?? "unknown")"
            case .rights: other.rights.reason(insteadOf: rights)
            }
        }
    }
}

extension DaxRegion.Device {
    /// What it is configured as.
    package var configuration: DaxDeviceConfiguration {
        DaxDeviceConfiguration(align: align, use: holder.useInWords, rights: rights)
    }
}

extension DeviceLayout {
    /// What it is configured as. Of one without a use, an observed device tells more.
    package var configuration: DaxDeviceConfiguration {
        DaxDeviceConfiguration(align: align, use: use?.text ?? "without a use", rights: rights)
    }
}
