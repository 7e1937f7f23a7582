extension Range where Bound: FixedWidthInteger {
    /// The least number in the range for which the condition holds, and so for all above it; the range's end where it holds for none.
    package func least(where isHigh: (Bound) -> Bool) -> Bound {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if isHigh(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension RandomAccessCollection where Index == Int {
    /// The index of the first element for which the condition holds, and so for all behind it; the end index where it holds for none.
    package func partitionPoint(where isBehind: (Element) -> Bool) -> Int {
        (startIndex..<endIndex).least { isBehind(self[$0]) }
    }
}
