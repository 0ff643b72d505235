package sim

import (
	"math/bits"
	"unicode/utf8"
)

// The tables of ISO/IEC 18004 by error correction level L, M, Q, H and version.
func qrTables() (ecPerBlock, blocks [4][40]int) {
	ecPerBlock = [4][40]int{
		{7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
		{10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28},
		{13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
		{17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
	}
	blocks = [4][40]int{
		{1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25},
		{1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49},
		{1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68},
		{1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81},
	}
	return ecPerBlock, blocks
}

// decodeGrid turns modules into text.
func decodeGrid(g [][]bool) (string, error) {
	if !qrTiming(g) {
		return "", errNoQR // three patterns that are no corners of one code
	}
	version := (len(g) - 17) / 4
	level, mask, ok := qrFormat(g)
	if !ok {
		return "", errNoQR
	}
	codewords := qrCodewords(g, version, mask)
	data, ok := qrCorrect(codewords, version, level)
	if !ok {
		return "", errNoQR
	}
	return qrText(data, version)
}

// qrTiming checks the dotted lines between the corners.
func qrTiming(g [][]bool) bool {
	good, n := 0, len(g)
	for i := 8; i < n-8; i++ {
		if g[6][i] == (i%2 == 0) {
			good++
		}
		if g[i][6] == (i%2 == 0) {
			good++
		}
	}
	return good*10 >= (n-16)*2*9
}

// qrFormat reads level and mask: the nearest of the 32 valid words, up to three
// wrong bits, from either copy.
func qrFormat(g [][]bool) (level, mask int, ok bool) {
	n := len(g)
	var one, two int
	bit := func(word *int, dark bool) {
		*word <<= 1
		if dark {
			*word |= 1
		}
	}
	for c := range 6 {
		bit(&one, g[8][c])
	}
	bit(&one, g[8][7])
	bit(&one, g[8][8])
	bit(&one, g[7][8])
	for r := 5; r >= 0; r-- {
		bit(&one, g[r][8])
	}
	for r := n - 1; r > n-8; r-- {
		bit(&two, g[r][8])
	}
	for c := n - 8; c < n; c++ {
		bit(&two, g[8][c])
	}
	best, word := 4, 0
	for v := range 32 {
		rest := v << 10
		for i := 14; i >= 10; i-- {
			if rest>>i&1 == 1 {
				rest ^= 0x537 << (i - 10)
			}
		}
		code := (v<<10 | rest) ^ 0x5412
		for _, seen := range []int{one, two} {
			if d := bits.OnesCount(uint(code ^ seen)); d < best { // #nosec G115
				best, word = d, v
			}
		}
	}
	return [4]int{1, 0, 3, 2}[word>>3], word & 7, best < 4
}

// qrFunction marks the modules that carry no data.
func qrFunction(n, version int) [][]bool {
	f := make([][]bool, n)
	for i := range f {
		f[i] = make([]bool, n)
	}
	fill := func(r0, c0, rows, cols int) {
		for r := max(r0, 0); r < min(r0+rows, n); r++ {
			for c := max(c0, 0); c < min(c0+cols, n); c++ {
				f[r][c] = true
			}
		}
	}
	fill(0, 0, 9, 9)
	fill(0, n-8, 9, 8)
	fill(n-8, 0, 8, 9)
	fill(6, 0, 1, n)
	fill(0, 6, n, 1)
	at := qrAlignment(version)
	for i, r := range at {
		for j, c := range at {
			if last := len(at) - 1; (i == 0 && j == 0) || (i == 0 && j == last) || (i == last && j == 0) {
				continue
			}
			fill(r-2, c-2, 5, 5)
		}
	}
	if version >= 7 {
		fill(0, n-11, 6, 3)
		fill(n-11, 0, 3, 6)
	}
	return f
}

// qrAlignment are the middles of the alignment patterns on one axis.
func qrAlignment(version int) []int {
	if version == 1 {
		return nil
	}
	count := version/7 + 2
	step := 26
	if version != 32 {
		step = (version*4 + count*2 + 1) / (count*2 - 2) * 2
	}
	out := make([]int, count)
	out[0] = 6
	for i, at := count-1, version*4+10; i > 0; i, at = i-1, at-step {
		out[i] = at
	}
	return out
}

// qrCodewords walks the data modules in their zigzag and takes the mask off.
func qrCodewords(g [][]bool, version, mask int) []byte {
	n := len(g)
	function := qrFunction(n, version)
	var out []byte
	var word byte
	count := 0
	up := true
	for right := n - 1; right > 0; right -= 2 {
		if right == 6 {
			right--
		}
		for i := range n {
			r := i
			if up {
				r = n - 1 - i
			}
			for _, c := range []int{right, right - 1} {
				if function[r][c] {
					continue
				}
				word <<= 1
				if g[r][c] != qrMasked(mask, r, c) {
					word |= 1
				}
				if count++; count%8 == 0 {
					out = append(out, word)
					word = 0
				}
			}
		}
		up = !up
	}
	return out
}

func qrMasked(mask, r, c int) bool {
	switch mask {
	case 0:
		return (r+c)%2 == 0
	case 1:
		return r%2 == 0
	case 2:
		return c%3 == 0
	case 3:
		return (r+c)%3 == 0
	case 4:
		return (r/2+c/3)%2 == 0
	case 5:
		return r*c%2+r*c%3 == 0
	case 6:
		return (r*c%2+r*c%3)%2 == 0
	default:
		return ((r+c)%2+r*c%3)%2 == 0
	}
}

// qrCorrect takes the blocks apart, repairs each and joins their data.
func qrCorrect(codewords []byte, version, level int) ([]byte, bool) {
	ecs, counts := qrTables()
	ec, count := ecs[level][version-1], counts[level][version-1]
	total := len(codewords)
	short := total / count
	longFrom := count - total%count // blocks from here on have one data codeword more
	blocks := make([][]byte, count)
	i := 0
	for k := range short - ec + 1 {
		for b := range count {
			if k < short-ec || b >= longFrom {
				blocks[b] = append(blocks[b], codewords[i])
				i++
			}
		}
	}
	lengths := make([]int, count)
	for b := range blocks {
		lengths[b] = len(blocks[b])
	}
	for range ec {
		for b := range count {
			blocks[b] = append(blocks[b], codewords[i])
			i++
		}
	}
	var data []byte
	field := newField()
	for b, block := range blocks {
		if !field.repair(block, ec) {
			return nil, false
		}
		data = append(data, block[:lengths[b]]...)
	}
	return data, true
}

// field is GF(256) over x⁸+x⁴+x³+x²+1.
type field struct {
	exp [512]byte
	log [256]int
}

func newField() *field {
	f := &field{}
	x := 1
	for i := range 255 {
		f.exp[i], f.exp[i+255], f.log[x] = byte(x), byte(x), i // #nosec G115 -- below 256
		if x <<= 1; x > 255 {
			x ^= 0x11d
		}
	}
	return f
}

func (f *field) mul(a, b byte) byte {
	if a == 0 || b == 0 {
		return 0
	}
	return f.exp[f.log[a]+f.log[b]]
}

func (f *field) div(a, b byte) byte {
	if a == 0 {
		return 0
	}
	return f.exp[f.log[a]+255-f.log[b]]
}

// eval of a polynomial, lowest coefficient first.
func (f *field) eval(p []byte, x byte) byte {
	var y byte
	for i := len(p) - 1; i >= 0; i-- {
		y = f.mul(y, x) ^ p[i]
	}
	return y
}

// syndromes of a block; all zero means that it is whole.
func (f *field) syndromes(block []byte, ec int) ([]byte, bool) {
	s := make([]byte, ec)
	whole := true
	for i := range s {
		var y byte
		for _, c := range block {
			y = f.mul(y, f.exp[i]) ^ c
		}
		s[i] = y
		whole = whole && y == 0
	}
	return s, whole
}

// repair corrects up to ec/2 wrong codewords (Berlekamp–Massey, Chien, Forney).
func (f *field) repair(block []byte, ec int) bool {
	s, whole := f.syndromes(block, ec)
	if whole {
		return true
	}
	locator, old := []byte{1}, []byte{1}
	for i := range ec {
		old = append([]byte{0}, old...)
		var delta byte
		for j := 0; j < len(locator) && j <= i; j++ {
			delta ^= f.mul(locator[j], s[i-j])
		}
		if delta == 0 {
			continue
		}
		next := make([]byte, max(len(locator), len(old)))
		copy(next, locator)
		for j, c := range old {
			next[j] ^= f.mul(delta, c)
		}
		if len(old) > len(locator) {
			scaled := make([]byte, len(locator))
			for j, c := range locator {
				scaled[j] = f.div(c, delta)
			}
			old = scaled
		}
		locator = next
	}
	for len(locator) > 1 && locator[len(locator)-1] == 0 {
		locator = locator[:len(locator)-1]
	}
	if 2*(len(locator)-1) > ec {
		return false
	}
	// evaluator = syndromes × locator mod x^ec
	evaluator := make([]byte, ec)
	for i := range ec {
		for j := 0; j < len(locator) && j <= i; j++ {
			evaluator[i] ^= f.mul(locator[j], s[i-j])
		}
	}
	found := 0
	for pos := range block {
		inverse := f.exp[(255-(len(block)-1-pos)%255)%255]
		if f.eval(locator, inverse) != 0 {
			continue
		}
		var slope byte // derivative of the locator
		for j := 1; j < len(locator); j += 2 {
			power := byte(1)
			for range j - 1 {
				power = f.mul(power, inverse)
			}
			slope ^= f.mul(locator[j], power)
		}
		if slope == 0 {
			return false
		}
		root := f.div(1, inverse)
		block[pos] ^= f.mul(root, f.div(f.eval(evaluator, inverse), slope))
		found++
	}
	_, whole = f.syndromes(block, ec)
	return whole && found == len(locator)-1
}

// bitReader reads the data bits in order.
type bitReader struct {
	data []byte
	pos  int
}

func (b *bitReader) left() int { return len(b.data)*8 - b.pos }

func (b *bitReader) read(n int) int {
	v := 0
	for range n {
		v <<= 1
		if b.pos < len(b.data)*8 {
			v |= int(b.data[b.pos/8]>>(7-b.pos%8)) & 1
		}
		b.pos++
	}
	return v
}

// qrText decodes numeric, alphanumeric and byte segments; kanji is not needed.
func qrText(data []byte, version int) (string, error) {
	class := 0
	if version >= 27 {
		class = 2
	} else if version >= 10 {
		class = 1
	}
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	b := &bitReader{data: data}
	var out []byte
	for b.left() >= 4 {
		switch mode := b.read(4); mode {
		case 0:
			return string(out), nil
		case 1:
			for n := b.read([3]int{10, 12, 14}[class]); n > 0 && b.left() > 0; n -= 3 {
				digits := min(n, 3)
				v := b.read([4]int{0, 4, 7, 10}[digits])
				for _, d := range []int{100, 10, 1}[3-digits:] {
					out = append(out, byte('0'+v/d%10)) // #nosec G115
				}
			}
		case 2:
			for n := b.read([3]int{9, 11, 13}[class]); n > 0 && b.left() > 0; n -= 2 {
				if n == 1 {
					out = append(out, alphabet[b.read(6)%45])
					break
				}
				v := b.read(11)
				out = append(out, alphabet[v/45%45], alphabet[v%45])
			}
		case 4:
			for n := b.read([3]int{8, 16, 16}[class]); n > 0 && b.left() >= 8; n-- {
				out = append(out, byte(b.read(8))) // #nosec G115
			}
		case 7: // ECI: assume UTF-8
			if b.read(1) == 1 {
				b.read(15)
			} else {
				b.read(7)
			}
		default:
			return "", errNoQR
		}
	}
	if !utf8.Valid(out) {
		return "", errNoQR
	}
	return string(out), nil
}
