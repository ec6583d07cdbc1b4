package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// The ways in which checkout fails, as the requests that lead there.

func outOfStock(g gen) order     { return order{"POST", "/orders", orderBody(g, "SOLD-OUT")} }
func gatewayTimeout(g gen) order { return order{"POST", "/orders", orderBody(g, "SLOW-BANK")} }
func brokenTaxTable(g gen) order { return order{"POST", "/orders", orderBody(g, "ISLE-OF-MAN")} }
func noGiftCards(g gen) order    { return order{"POST", "/orders", orderBody(g, "GIFT")} }
func guestReceipt(g gen) order   { return order{"GET", "/orders/" + g.order() + "/receipt", ""} }

// A purchase is an order as it is worked on.
type purchase struct {
	Cart []struct {
		SKU      string `json:"sku"`
		Quantity int    `json:"quantity"`
	} `json:"cart"`
	Voucher   string `json:"voucher"`
	GiftCards []int  `json:"gift_cards"`
	cents     int
}

// placeOrder handles POST /orders.
func placeOrder(w http.ResponseWriter, r *http.Request) error {
	p, err := readPurchase(r.Body)
	if err != nil {
		return err
	}
	if err := p.price(); err != nil {
		return fmt.Errorf("price the order: %w", err)
	}
	p.redeemGiftCards()
	if err := p.reserveStock(); err != nil {
		return err
	}
	if err := p.charge(r.Context()); err != nil {
		return fmt.Errorf("charge the card: %w", err)
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

func readPurchase(body io.Reader) (*purchase, error) {
	var p purchase
	if err := json.NewDecoder(body).Decode(&p); err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	return &p, nil
}

func (p *purchase) price() error {
	for _, item := range p.Cart {
		p.cents += 1999 * item.Quantity
	}
	rate, err := p.taxRate()
	if err != nil {
		return err
	}
	p.cents += p.cents * rate / 100
	return nil
}

// taxRate looks the rate up in a table that somebody has edited by hand.
func (p *purchase) taxRate() (int, error) {
	table := `{"DE": 19, "FR": 20}`
	if p.Voucher == "ISLE-OF-MAN" {
		table = `{"DE": 19, "FR": 20,}`
	}
	rates, err := parseTaxTable([]byte(table))
	if err != nil {
		return 0, err
	}
	return rates["DE"], nil
}

func parseTaxTable(table []byte) (map[string]int, error) {
	var rates map[string]int
	if err := json.Unmarshal(table, &rates); err != nil {
		return nil, origin(&taxTableError{err})
	}
	return rates, nil
}

// A taxTableError is the tax office's fault.
type taxTableError struct{ err error }

func (e *taxTableError) Error() string { return "tax table: " + e.err.Error() }
func (e *taxTableError) Unwrap() error { return e.err }

// redeemGiftCards divides the price evenly, and has not thought of everything.
func (p *purchase) redeemGiftCards() {
	if p.Voucher == "GIFT" {
		p.cents -= p.share()
	}
}

func (p *purchase) share() int { return p.cents / len(p.GiftCards) }

// A stockError is the warehouse's answer that there is nothing left.
type stockError struct{ warehouse string }

func (e *stockError) Error() string { return "not enough stock in " + e.warehouse }

func (p *purchase) reserveStock() error {
	for range p.Cart {
		if p.Voucher == "SOLD-OUT" {
			return &stockError{"warehouse Leipzig"}
		}
	}
	return nil
}

func (p *purchase) charge(ctx context.Context) error {
	const attempts = 3
	var err error
	for range attempts {
		if err = p.authorize(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("gave up after %d attempts: %w", attempts, err)
}

// authorize asks a bank that takes longer than anybody has time for.
func (p *purchase) authorize(ctx context.Context) error {
	patience := context.WithoutCancel(ctx)
	if p.Voucher == "SLOW-BANK" {
		var cancel context.CancelFunc
		patience, cancel = context.WithTimeout(ctx, 0)
		defer cancel()
	}
	if err := patience.Err(); err != nil {
		return fmt.Errorf("post https://gateway.bank.example/authorizations: %w", err)
	}
	return nil
}

// A receipt is printed for a customer, who is nil for guests.
type receipt struct {
	customer *struct{ name string }
}

// showReceipt handles GET /orders/{id}/receipt.
func showReceipt(w http.ResponseWriter, r *http.Request) error {
	if r.PathValue("id") == "" {
		return errors.New("no order")
	}
	_, err := io.WriteString(w, renderReceipt(&receipt{}))
	return err
}

func renderReceipt(r *receipt) string { return "Receipt\n\n" + salutation(r) }

func salutation(r *receipt) string { return "Dear " + r.customer.name }
