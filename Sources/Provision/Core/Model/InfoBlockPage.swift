/// How a page begins that holds an info block: a signature of 16 bytes, and its UUID (drivers/nvdimm/pfn.h, `nd_pfn_sb`;
/// btt.h, `btt_sb`).
package enum InfoBlockPage {
    /// The signatures.
    package static let signatures = ["NVDIMM_PFN_INFO\0", "NVDIMM_DAX_INFO\0", "BTT_ARENA_INFO\0\0"].map {
        Array($0.utf8)
    }
}
