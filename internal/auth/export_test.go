package auth

// Verified is how many passwords were compared, of somebody or nobody.
func Verified(o *Officials) uint64 { return o.hasher.verified.Load() }

// DummyCostsTheSame tells whether the hash of nobody has the cost of a new one.
func DummyCostsTheSame(o *Officials) bool {
	p, err := parsePHC(o.hasher.dummy)
	return err == nil && p.cost == o.hasher.cost && len(p.salt) == saltLen && len(p.key) == keyLen
}
