<?php
use PHPUnit\Framework\TestCase;

final class SuiteTest extends TestCase
{
    public function testPasses(): void { $this->assertTrue(true); }
    public function testFails(): void { $this->assertSame(1, 2); }
    public function testThrows(): void { throw new RuntimeException('no board found'); }
    public function testIsSkipped(): void { $this->markTestSkipped('needs a board'); }
    public function testIsIncomplete(): void { $this->markTestIncomplete('not yet'); }
    public function testIsRisky(): void { }
    /** @dataProvider pairs */
    public function testPair(int $a, int $b): void { $this->assertSame($a, $b); }
    public function pairs(): array { return ['same' => [1, 1], 'other <&>' => [1, 2]]; }
}
