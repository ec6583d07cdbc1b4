package export

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// grpcClient sends over gRPC.
type grpcClient struct {
	exporter *otlploggrpc.Exporter
	call     *call
	timeout  time.Duration
	records  records
}

func newGRPCClient(s *Settings, headers map[string]string) (client, error) {
	agent := headers["User-Agent"]
	delete(headers, "User-Agent") // which gRPC sets by itself
	login, err := newLogin(s)
	if err != nil {
		return nil, err
	}
	watched := &call{}
	options := []otlploggrpc.Option{
		// The name is resolved by what connects, which may be a proxy.
		otlploggrpc.WithEndpoint("passthrough:///" + s.URL.Host),
		otlploggrpc.WithHeaders(headers),
		otlploggrpc.WithTimeout(s.Timeout),
		otlploggrpc.WithRetry(otlploggrpc.RetryConfig{Enabled: false}),
		otlploggrpc.WithDialOption(
			grpc.WithChainUnaryInterceptor(watched.watch),
			grpc.WithUserAgent(agent),
			grpc.WithPerRPCCredentials(login),
			grpc.WithContextDialer(newDialer(s).dial),
		),
	}
	if s.URL.Scheme == "http" {
		options = append(options, otlploggrpc.WithInsecure())
	} else {
		creds, err := newTLSCredentials(&s.HTTPClient.TLSConfig)
		if err != nil {
			return nil, err
		}
		options = append(options, otlploggrpc.WithTLSCredentials(creds))
	}
	if s.Compress {
		options = append(options, otlploggrpc.WithCompressor("gzip"))
	}
	exporter, err := otlploggrpc.New(context.Background(), options...)
	if err != nil {
		return nil, err
	}
	return &grpcClient{exporter: exporter, call: watched, timeout: s.Timeout}, nil
}

func (c *grpcClient) close() { _ = c.exporter.Shutdown(context.Background()) } // it is not used again

func (c *grpcClient) send(ctx context.Context, entries []entry) outcome {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	*c.call = call{}
	err := c.exporter.Export(ctx, c.records.of(entries))
	out := outcome{kind: again, err: err}
	if c.call.ended {
		out = c.call.outcome()
	}
	out.late = ctx.Err() != nil
	return out
}

// A call keeps what was answered: the exporter of the SDK tells that in words alone.
type call struct {
	ended   bool
	err     error
	partial *collector.ExportLogsPartialSuccess
}

// watch is a grpc.UnaryClientInterceptor, for one call at a time.
func (c *call) watch(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	c.ended, c.err = true, err
	if answer, ok := reply.(*collector.ExportLogsServiceResponse); ok && err == nil {
		c.partial = answer.GetPartialSuccess()
	}
	return err
}

// outcome judges the answer by its code, as the specification of OTLP says; see
// https://opentelemetry.io/docs/specs/otlp/#failures. As with HTTP, what only a person can mend is
// tried again.
func (c *call) outcome() outcome {
	if c.err == nil {
		return partly(c.partial)
	}
	s := status.Convert(c.err)
	out := outcome{kind: again, err: quoted(s.Code().String(), s.Message())}
	asked := false
	for _, detail := range s.Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			asked = true
			out.after = min(max(retry.GetRetryDelay().AsDuration(), 0), maxPause)
		}
	}
	switch s.Code() {
	case codes.ResourceExhausted:
		if !asked {
			out.kind = tooMuch
		}
	case codes.InvalidArgument, codes.FailedPrecondition, codes.AlreadyExists:
		out.kind = refused
	default:
	}
	return out
}

// tlsCredentials make each connection with the certificates that are in their files then, as HTTP
// has it.
type tlsCredentials struct {
	credentials.TransportCredentials
	settings *commonconfig.TLSConfig
}

func newTLSCredentials(settings *commonconfig.TLSConfig) (*tlsCredentials, error) {
	now, err := commonconfig.NewTLSConfig(settings)
	if err != nil {
		return nil, err
	}
	return &tlsCredentials{credentials.NewTLS(now), settings}, nil
}

// ClientHandshake implements credentials.TransportCredentials.
func (c *tlsCredentials) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	now, err := commonconfig.NewTLSConfig(c.settings)
	if err != nil {
		return nil, nil, err
	}
	return credentials.NewTLS(now).ClientHandshake(ctx, authority, conn)
}

// Clone implements credentials.TransportCredentials.
func (c *tlsCredentials) Clone() credentials.TransportCredentials {
	return &tlsCredentials{c.TransportCredentials.Clone(), c.settings}
}

// A login adds to calls what the HTTP client would add to requests. It is a
// credentials.PerRPCCredentials.
type login struct {
	client http.RoundTripper
	url    string
}

// newLogin makes a login of Prometheus' own round trippers around one that sends nothing.
func newLogin(s *Settings) (*login, error) {
	c := &s.HTTPClient
	var rt http.RoundTripper = captured{}
	if a := c.Authorization; a != nil {
		rt = commonconfig.NewAuthorizationCredentialsRoundTripper(a.Type, secret(string(a.Credentials), a.CredentialsFile), rt)
	}
	if b := c.BasicAuth; b != nil {
		rt = commonconfig.NewBasicAuthRoundTripper(secret(b.Username, b.UsernameFile), secret(string(b.Password), b.PasswordFile), rt)
	}
	if o := c.OAuth2; o != nil {
		if o.ClientCertificateKey != "" || o.ClientCertificateKeyFile != "" {
			rt = commonconfig.NewOAuth2RoundTripper(secret(string(o.ClientCertificateKey), o.ClientCertificateKeyFile), o, rt)
		} else {
			rt = commonconfig.NewOAuth2RoundTripper(secret(string(o.ClientSecret), o.ClientSecretFile), o, rt)
		}
	}
	if c.HTTPHeaders != nil {
		rt = commonconfig.NewHeadersRoundTripper(c.HTTPHeaders, rt)
	}
	return &login{client: rt, url: s.URL.String()}, nil
}

func secret(text, file string) commonconfig.SecretReader {
	if file != "" {
		return commonconfig.NewFileSecret(file)
	}
	return commonconfig.NewInlineSecret(text)
}

// captured is the end of a chain of round trippers: it answers with what they made of the request.
type captured struct{}

// RoundTrip implements http.RoundTripper.
func (captured) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: r.Header, Body: http.NoBody, Request: r}, nil
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (l *login) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := l.client.RoundTrip(req)
	if err != nil {
		// Of another code, gRPC would make an error of its own.
		return nil, status.Error(codes.Unavailable, peeled(err).Error())
	}
	defer res.Body.Close()
	out := make(map[string]string, len(res.Header))
	for name, values := range res.Header {
		out[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials. Whether credentials go over a
// connection that is not encrypted is for the user to say, as with HTTP.
func (*login) RequireTransportSecurity() bool { return false }
