//go:build !pkcs11

package courtkey

import (
	"io"

	"phientoa/internal/signer"
)

func (p Params) token() (signer.Court, io.Closer, error) {
	return signer.Court{}, nil, ErrNoToken
}
