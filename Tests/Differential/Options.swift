/// What the command line asks for.
struct Options {
    /// What the random numbers follow from.
    var seed: UInt64 = 1
    /// The number of the first sequence: to repeat one alone.
    var first: UInt64 = 0
    /// How many sequences are run.
    var count: UInt64 = 100
    /// After how many seconds no further sequence begins; nil: never.
    var seconds: Int?
    /// Whether a divergence ends the run.
    var stops = true
    /// Whether every action is printed.
    var isVerbose = false
    /// Whether the contract of a host is checked instead, on the first region of the bus.
    var checksContract = false
    /// Whether that of a region without labels is, which has some afterwards.
    var checksLabelLessContract = false
    /// Whether that of dax regions is.
    var checksDaxContract = false
    /// The nvdimm bus whose regions are used.
    var bus = "ndbus0"

    static let usage = """
        usage: differential [--seed N] [--first N] [--count N] [--seconds N] [--bus ndbusN] [--continue] [--verbose]
               differential --contract [--bus ndbusN]
               differential --label-less-contract [--bus ndbusN]
               differential --dax-contract
        Destroys every namespace of the bus, or every device of a dynamic dax region.
        """

    /// The options in these arguments; nil where they make no sense.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--continue": stops = false
            case "--verbose": isVerbose = true
            case "--contract": checksContract = true
            case "--label-less-contract": checksLabelLessContract = true
            case "--dax-contract": checksDaxContract = true
            default:
                guard let value = rest.popFirst(), set(option, to: value) else { return nil }
            }
        }
    }

    private mutating func set(_ option: String, to value: String) -> Bool {
        if option == "--bus" {
            bus = value
            return true
        }
        guard let number = UInt64(value) else { return false }
        switch option {
        case "--seed": seed = number
        case "--first": first = number
        case "--count": count = number
        case "--seconds": seconds = Int(number)
        default: return false
        }
        return true
    }
}
