package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
)

const iceCheckInterval = 20 * time.Millisecond

// peer is one WebRTC client of the generator: Pion's ICE agent and DTLS client,
// and SRTP contexts that the socket's reader and the publisher use directly, so
// that a received packet costs the generator one decryption and no goroutine.
// It negotiates AES-128-GCM only.
type peer struct {
	plan peerPlan
	conn *peerConn

	agent *ice.Agent
	dtls  *dtls.Conn

	publisher *publisher // nil when it sends nothing

	// awaits are the streams that have not yet come; flowing is closed when none is
	// left. Of the socket's reader.
	awaits  []int
	flowing chan struct{}

	// Set once the handshake is over; what arrives earlier is dropped.
	session atomic.Pointer[peerSession]
}

type peerSession struct {
	remote netip.AddrPort
	in     *srtp.Context // the socket's reader
	out    *srtp.Context // RTP of the publisher
	voice  *feedback     // the socket's reader

	mu      sync.Mutex
	control *srtp.Context // RTCP of both
}

// report seals and sends one RTCP packet.
func (p *peer) report(s *peerSession, packet rtcp.Packet) error {
	raw, err := packet.Marshal()
	if err != nil {
		return err
	}
	s.mu.Lock()
	sealed, err := s.control.EncryptRTCP(nil, raw, nil)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = p.conn.send(sealed, s.remote)
	return err
}

func newPeer(plan peerPlan, conn *peerConn) *peer {
	p := &peer{plan: plan, conn: conn, flowing: make(chan struct{})}
	for _, f := range plan.gets() {
		p.awaits = append(p.awaits, f.streams()...)
	}
	if len(p.awaits) == 0 {
		close(p.flowing)
	}
	return p
}

// came notes that a stream flows.
func (p *peer) came(stream int) {
	i := slices.Index(p.awaits, stream)
	if i < 0 {
		return
	}
	p.awaits = slices.Delete(p.awaits, i, i+1)
	if len(p.awaits) == 0 {
		close(p.flowing)
	}
}

// peerIdentity is the certificate that all peers of a generator share.
type peerIdentity struct {
	certificate tls.Certificate
	fingerprint string
}

// negotiate hands an offer to the server and gives its answer.
type negotiate func(ctx context.Context, p peerPlan, sdp string, sections []offerSection) (string, error)

// connect joins the server; it returns when media may flow.
func (p *peer) connect(ctx context.Context, id peerIdentity, ask negotiate) error {
	if err := p.startAgent(ctx); err != nil {
		return fmt.Errorf("bench: ICE of %s: %w", p.plan.ID, err)
	}
	ufrag, pwd, err := p.agent.GetLocalUserCredentials()
	if err != nil {
		return err
	}
	sections := p.plan.sections()
	answer, err := ask(ctx, p.plan, offer(offerParams{
		sessionID: uint64(p.plan.Index) + 1, ufrag: ufrag, pwd: pwd, fingerprint: id.fingerprint,
		candidate: p.conn.local, sections: sections,
	}), sections)
	if err != nil {
		return fmt.Errorf("bench: join of %s: %w", p.plan.ID, err)
	}
	remote, err := parseAnswer(answer)
	if err != nil {
		return fmt.Errorf("bench: join of %s: %w", p.plan.ID, err)
	}
	return p.handshake(ctx, id, remote)
}

func (p *peer) startAgent(ctx context.Context) error {
	agent, err := ice.NewAgentWithOptions(
		ice.WithUDPMux(p.conn),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithIncludeLoopback(),
		// The agent nominates at its next check; with 200 ms between checks a join
		// at an ICE-lite server would be nothing but that wait.
		ice.WithCheckInterval(iceCheckInterval),
	)
	if err != nil {
		return err
	}
	p.agent = agent
	gathered := make(chan struct{})
	if err := agent.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			close(gathered)
		}
	}); err != nil {
		return err
	}
	if err := agent.GatherCandidates(); err != nil {
		return err
	}
	select {
	case <-gathered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *peer) handshake(ctx context.Context, id peerIdentity, remote remoteSide) error {
	for _, value := range remote.candidates {
		c, err := ice.UnmarshalCandidate(value)
		if err != nil {
			return fmt.Errorf("bench: candidate of the server: %w", err)
		}
		if err := p.agent.AddRemoteCandidate(c); err != nil {
			return fmt.Errorf("bench: candidate of the server: %w", err)
		}
	}
	transport, err := p.agent.Dial(ctx, remote.ufrag, remote.pwd)
	if err != nil {
		return fmt.Errorf("bench: ICE of %s: %w", p.plan.ID, err)
	}
	conn, err := dtls.ClientWithOptions(dtlsnet.PacketConnFromConn(transport), transport.RemoteAddr(),
		dtls.WithCertificates(id.certificate),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		// The server is our child process on the loopback interface, its answer
		// came over a socket pair: there is nobody to be mistaken for it.
		dtls.WithInsecureSkipVerify(true),
	)
	if err != nil {
		return fmt.Errorf("bench: DTLS of %s: %w", p.plan.ID, err)
	}
	p.dtls = conn
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("bench: DTLS of %s: %w", p.plan.ID, err)
	}
	return p.openSession(remote)
}

func (p *peer) openSession(remote remoteSide) error {
	state, ok := p.dtls.ConnectionState()
	if !ok {
		return errors.New("bench: DTLS gave no state")
	}
	profile, ok := p.dtls.SelectedSRTPProtectionProfile()
	if !ok || profile != dtls.SRTP_AEAD_AES_128_GCM {
		return fmt.Errorf("bench: the server chose SRTP profile %#x, not AES-128-GCM", uint16(profile))
	}
	config := srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm}
	if err := config.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return err
	}
	// Without replay protection, for duplicates are to be counted, not hidden.
	in, err := srtp.CreateContext(config.Keys.RemoteMasterKey, config.Keys.RemoteMasterSalt, config.Profile)
	if err != nil {
		return err
	}
	out, err := srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	if err != nil {
		return err
	}
	control, err := srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	if err != nil {
		return err
	}
	pair, err := p.agent.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return fmt.Errorf("bench: no selected pair: %w", err)
	}
	ip, err := netip.ParseAddr(pair.Remote.Address())
	if err != nil {
		return err
	}
	p.session.Store(&peerSession{
		remote: netip.AddrPortFrom(ip.Unmap(), uint16(pair.Remote.Port())), in: in, out: out, control: control,
		voice: newFeedback(p.plan.Index, remote, time.Now()),
	})
	return nil
}

// close ends the peer without ceremony: the server is about to end too.
func (p *peer) close() error {
	var errs []error
	if p.dtls != nil {
		errs = append(errs, p.dtls.Close())
	}
	if p.agent != nil {
		errs = append(errs, p.agent.Close())
	}
	return errors.Join(errs...)
}
