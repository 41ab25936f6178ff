defmodule Programs.ElixirModules do
  # Macros, behaviours, guards of one's own, recursion, binaries as parsers, bitwise work.
  import Bitwise
  require Integer

  defmacro unless_zero(x, do: block) do
    quote do
      if unquote(x) != 0, do: unquote(block), else: :was_zero
    end
  end

  defguard is_small(x) when is_integer(x) and x in 0..9

  @behaviour Access
  @primes [2, 3, 5, 7]
  @table Map.new(@primes, &{&1, &1 * &1})

  @impl true
  def fetch(_, key), do: {:ok, {:fetched, key}}
  @impl true
  def get_and_update(d, k, f), do: {f.(k), d}
  @impl true
  def pop(d, k), do: {k, d}

  for n <- 1..5 do
    def unquote(:"power_#{n}")(x), do: x ** unquote(n)
  end

  def main do
    [
      unless_zero(Process.get(:z, 5), do: :not_zero), unless_zero(Process.get(:z, 0), do: :not_zero), Enum.map([5, 10, -1, :a], &small/1), @table, power_3(4), power_5(2), band(12, 10), 1 <<< 70, bnot(5), bxor(0xFF, 0x0F), 5 >>> 1,
      Integer.is_odd(3), fib(90), collatz(27), sieve(100), tokens("foo = 12 * (bar + 3.5) # c"), bowling(), Enum.map(1..15, &fizz/1), sort(Enum.map(1..50, &rem(&1 * 37, 101))), permutations([1, 2, 3]), hanoi(3, :a, :b, :c) |> length(),
      luhn("4539 1488 0343 6467"), run_length("WWWBBW"), caesar("Hello, World!", 3), is_function(&power_1/1, 1), function_exported?(__MODULE__, :power_5, 1), __MODULE__.__info__(:functions) |> length(), __MODULE__.module_info(:module),
      apply(__MODULE__, :power_2, [9]), Function.capture(__MODULE__, :power_2, 1).(8), Enum.reduce(1..10, fn -> 0 end, fn i, f -> fn -> f.() + i end end).(), match?({:ok, _}, {:ok, 1}), binding_test(), destructure_test(), max(1, 2.0), div(-7, 2), rem(-7, 2), abs(-5), round(2.5), trunc(-2.7),
      "a" <> "b", [1] ++ [2], [1, 2, 2] -- [2], 1 == 1.0, 1 === 1.0, :a < "a", nil || :default, false && :x, !nil, if(nil, do: 1), "abc" =~ ~r/b/, "abc" =~ "c", is_nil(nil), elem({1, 2}, 1), put_elem({1, 2}, 0, :x), tuple_size({}), map_size(%{}), length([1])
    ]
  end

  defp small(x) when is_small(x), do: :small
  defp small(x) when is_integer(x), do: :big
  defp small(_), do: :other

  defp fib(n), do: fib(n, 0, 1)
  defp fib(0, a, _), do: a
  defp fib(n, a, b), do: fib(n - 1, b, a + b)

  defp collatz(1), do: [1]
  defp collatz(n) when rem(n, 2) == 0, do: [n | collatz(div(n, 2))]
  defp collatz(n), do: [n | collatz(3 * n + 1)]

  defp sieve(n), do: Enum.reduce(2..n, Enum.to_list(2..n), fn i, l -> Enum.reject(l, &(&1 > i and rem(&1, i) == 0)) end)

  defp tokens(<<>>), do: []
  defp tokens(<<"#", _::binary>>), do: [:comment]
  defp tokens(<<c, r::binary>>) when c in ' \t', do: tokens(r)
  defp tokens(<<c, _::binary>> = s) when c in ?0..?9 do
    [n, r] = Regex.run(~r/^([\d.]+)(.*)$/s, s, capture: :all_but_first)
    [{:num, n} | tokens(r)]
  end
  defp tokens(<<c, _::binary>> = s) when c in ?a..?z do
    {n, r} = s |> String.split_at(byte_size(hd(Regex.run(~r/^[a-z]+/, s))))
    [{:id, n} | tokens(r)]
  end
  defp tokens(<<c::utf8, r::binary>>), do: [{:op, <<c::utf8>>} | tokens(r)]

  defp bowling, do: score([10, 7, 3, 9, 0, 10, 0, 8, 8, 2, 0, 6, 10, 10, 10, 8, 1], 1)
  defp score(r, 10), do: Enum.sum(r)
  defp score([10 | [a, b | _] = r], f), do: 10 + a + b + score(r, f + 1)
  defp score([a, b, c | r], f) when a + b == 10, do: 10 + c + score([c | r], f + 1)
  defp score([a, b | r], f), do: a + b + score(r, f + 1)

  defp fizz(n) do
    case {rem(n, 3), rem(n, 5)} do
      {0, 0} -> "FizzBuzz"
      {0, _} -> "Fizz"
      {_, 0} -> "Buzz"
      _ -> n
    end
  end

  defp sort([]), do: []
  defp sort([p | t]), do: sort(for(x <- t, x < p, do: x)) ++ [p | sort(for(x <- t, x >= p, do: x))]

  defp permutations([]), do: [[]]
  defp permutations(l), do: for(x <- l, r <- permutations(l -- [x]), do: [x | r])

  defp hanoi(0, _, _, _), do: []
  defp hanoi(n, a, b, c), do: hanoi(n - 1, a, c, b) ++ [{a, c}] ++ hanoi(n - 1, b, a, c)

  defp luhn(s) do
    s |> String.replace(" ", "") |> String.reverse() |> String.to_charlist() |> Enum.map(&(&1 - ?0)) |> Enum.with_index()
    |> Enum.map(fn {d, i} -> if rem(i, 2) == 1, do: Enum.sum(Integer.digits(d * 2)), else: d end) |> Enum.sum() |> rem(10)
  end

  defp run_length(s), do: s |> String.graphemes() |> Enum.chunk_by(& &1) |> Enum.map_join(&"#{length(&1)}#{hd(&1)}")

  defp caesar(s, n), do: for(<<c <- s>>, into: "", do: <<shift(c, n)>>)
  defp shift(c, n) when c in ?a..?z, do: rem(c - ?a + n, 26) + ?a
  defp shift(c, n) when c in ?A..?Z, do: rem(c - ?A + n, 26) + ?A
  defp shift(c, _), do: c

  defp binding_test do
    x = 1
    x = x + 1
    [^x, y | _] = [2, 3, 4]
    %{a: %{b: [z | _]}} = %{a: %{b: [9]}}
    <<h::binary-size(x), _::binary>> = "hello"
    {x, y, z, h}
  end

  defp destructure_test do
    destructure([a, b, c], [1, 2])
    {a, b, c}
  end
end
