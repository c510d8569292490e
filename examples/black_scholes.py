"""Prices of European options by Black and Scholes (1973), and their greeks by `grad`.

Run `python examples/black_scholes.py`. The formula is written once; every greek is a derivative of
it, and each is compiled into one loop over all options.
"""

import numpy as np

import jitflow as jf
import jitflow.numpy as jnp


def cdf(x):
    """The normal distribution function."""
    return 0.5 * (1 + jnp.special.erf(x / np.sqrt(2)))


def call_price(spot, strike, rate, volatility, time):
    """Prices of calls; arrays of one shape, or numbers. Rates and times in years."""
    spread = volatility * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + volatility**2 / 2) * time) / spread
    return spot * cdf(d1) - strike * np.exp(-rate * time) * cdf(d1 - spread)


SPOT, RATE, VOLATILITY, TIME = 0, 2, 3, 4
"""Places of the arguments that prices are derived by."""

delta = jf.elementwise_grad(call_price, SPOT)
GREEKS = {
    "delta": delta,
    "gamma": jf.elementwise_grad(delta, SPOT),
    "vega": jf.elementwise_grad(call_price, VOLATILITY),
    "theta": lambda *market: -jf.elementwise_grad(call_price, TIME)(*market),
    "rho": jf.elementwise_grad(call_price, RATE),
}


@jf.jit
def price_and_greeks(*market):
    """The price of each call, and a dict of its greeks; what they share is computed once."""
    return call_price(*market), {name: greek(*market) for name, greek in GREEKS.items()}


def market(count, seed=0):
    """Random options: spot, strike, rate, volatility, time to expiry."""
    random = np.random.default_rng(seed)
    bounds = ((80, 120), (80, 120), (0.0, 0.05), (0.1, 0.5), (0.1, 2.0))
    return tuple(random.uniform(low, high, count) for low, high in bounds)


def main():
    options = market(1_000_000)
    price, greeks = price_and_greeks(*options)
    titles = ("spot", "strike", "rate", "volat.", "years", "price", *GREEKS)
    print("".join(f"{title:>9}" for title in titles))
    for row in range(5):
        columns = (*options, price, *(greeks[name] for name in GREEKS))
        print("".join(f"{column[row]:9.4f}" for column in columns))
    print(f"... {len(price)} options")


if __name__ == "__main__":
    main()
